import { momentOf } from './time.ts';

/** For what of the log a key is trusted: entries by their index, and moments. */
export interface KeyPeriod {
  /** The first entry that it is trusted for. */
  readonly fromIndex: number;
  /** The first entry that it is no longer trusted for; null: it has no end. */
  readonly beforeIndex: number | null;
  /** Trusted from this moment on, ms since 1970; null: from the first. */
  readonly after: number | null;
  /** No longer trusted from this moment on, ms since 1970; null: it has no end. */
  readonly before: number | null;
}

/** The period of a key without any bounds. */
export const always: KeyPeriod = { fromIndex: 0, beforeIndex: null, after: null, before: null };

/** What is known of where and when a key has signed. */
export interface Signed {
  /** The last entry that the signature is about. */
  readonly index: number;
  /** When, ms since 1970, by the word of whoever signed; null where that says nothing. */
  readonly saidAt: number | null;
  /** By when a trusted witness had seen it, ms since 1970; null where none had. */
  readonly seenAt: number | null;
  /** Whether another key vouches for `index`, so that the index bounds when it was signed. */
  readonly indexIsProved: boolean;
}

/**
 * Why a signature is not believed: made `outside` the key's period, or possibly so, since nobody but its signer says when it
 * was made (`unproven`). Null: it is believed. A time that the signer tells is believed where it is against them.
 */
export function refusalByPeriod(
  { fromIndex, beforeIndex, after, before }: KeyPeriod,
  { index, saidAt, seenAt, indexIsProved }: Signed,
): 'outside' | 'unproven' | null {
  if (index < fromIndex || (beforeIndex !== null && index >= beforeIndex)) return 'outside';
  const times = [saidAt, seenAt].filter((time) => time !== null);
  if (after !== null && times.some((time) => time < after)) return 'outside';
  if (before === null) return null;
  if (saidAt !== null && saidAt >= before) return 'outside';
  const isBounded = (seenAt !== null && seenAt < before) || (indexIsProved && beforeIndex !== null);
  return isBounded ? null : 'unproven';
}

/** The period that lies in both. */
export function bothPeriods(a: KeyPeriod, b: KeyPeriod): KeyPeriod {
  return {
    fromIndex: Math.max(a.fromIndex, b.fromIndex),
    beforeIndex: smaller(a.beforeIndex, b.beforeIndex),
    after: a.after === null || b.after === null ? (a.after ?? b.after) : Math.max(a.after, b.after),
    before: smaller(a.before, b.before),
  };
}

function smaller(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

const names = {
  'valid-after': 'after',
  'valid-before': 'before',
  'valid-from-index': 'fromIndex',
  'valid-before-index': 'beforeIndex',
} as const;

/** Whether a line of a file of trusted keys says for what the key after it is trusted. */
export function isPeriodLine(line: string): boolean {
  return /^valid-[a-z-]*=/.test(line);
}

/**
 * Reads a line such as `valid-before-index=4711 valid-before=2026-11-30T12:00:00Z`.
 * @returns the period, or in words what was expected
 */
export function readPeriod(line: string): KeyPeriod | string {
  let period = always;
  const had = new Set<string>();
  for (const part of line.split(/\s+/)) {
    const at = part.indexOf('=');
    const [name, value] = [part.slice(0, at), part.slice(at + 1)];
    if (!Object.hasOwn(names, name)) return `${Object.keys(names).join(', ')}; got ${part}`;
    if (had.has(name)) return `${name} once`;
    had.add(name);
    const member = names[name as keyof typeof names];
    const isIndex = member === 'fromIndex' || member === 'beforeIndex';
    const number = isIndex ? indexOf(value) : momentOf(value);
    if (number === null) {
      return `${name}=${isIndex ? '<index of an entry>' : '<time, such as 2026-11-30T12:00:00Z>'}; got ${part}`;
    }
    period = { ...period, [member]: number };
  }
  return period;
}

/** The line of a period, as {@link readPeriod} reads it; empty for one without bounds. */
export function periodLine({ fromIndex, beforeIndex, after, before }: KeyPeriod): string {
  return [
    after === null ? [] : [`valid-after=${new Date(after).toISOString()}`],
    before === null ? [] : [`valid-before=${new Date(before).toISOString()}`],
    fromIndex === 0 ? [] : [`valid-from-index=${fromIndex}`],
    beforeIndex === null ? [] : [`valid-before-index=${beforeIndex}`],
  ]
    .flat()
    .join(' ');
}

function indexOf(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
