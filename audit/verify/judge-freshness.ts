import { isoTime } from '../../domain/time.ts';
import type { OpenedCheckpoint } from '../checkpoint.ts';
import { counted } from '../pack/counted.ts';
import { cosignedTimes } from './cosigned-times.ts';
import type { Findings } from './finding.ts';
import { tolerance } from './change-record.ts';

/** How old a checkpoint may be, and when. */
export interface FreshnessDemand {
  /** The moment of the verification, or the one that it is made for, in ms since 1970. */
  readonly at: number;
  /** In ms; null where it may be of any age. */
  readonly maxAge: number | null;
}

/** What is known of a checkpoint's age. */
export interface Freshness {
  /** ISO 8601: the newest time at which a trusted witness cosigned it; null where none has. */
  readonly cosignedAt: string | null;
  /** ISO 8601. */
  readonly at: string;
  /** From the one to the other; null where nobody cosigned. */
  readonly ageSeconds: number | null;
  /** Null where no age was demanded. */
  readonly maxAgeSeconds: number | null;
}

/**
 * Whether a trusted witness has lately seen the log: an old checkpoint hides what came after it, and only a witness says
 * when it was the newest. A time that has yet to come says nothing.
 */
export function judgeFreshness(
  checkpoint: Pick<OpenedCheckpoint, 'cosignatures'>,
  { at, maxAge }: FreshnessDemand,
  findings: Findings,
): Freshness {
  const times = cosignedTimes(checkpoint);
  const newest = times.length === 0 ? null : Math.max(...times);
  const freshness = {
    cosignedAt: newest === null ? null : timeText(newest),
    at: isoTime(at),
    ageSeconds: newest === null ? null : Math.floor((at - newest) / 1000),
    maxAgeSeconds: maxAge === null ? null : maxAge / 1000,
  };
  if (maxAge === null) return freshness;
  const { cosignedAt } = freshness;
  if (newest === null) {
    findings.add('unchecked', 'no trusted witness says how old the checkpoint is', { code: 'age' });
  } else if (newest > at + tolerance) {
    findings.add('unchecked', `the checkpoint was cosigned at ${cosignedAt}, after ${freshness.at}`, {
      code: 'age',
    });
  } else if (at - newest > maxAge) {
    findings.add(
      'stale',
      `the checkpoint was cosigned at ${cosignedAt}, ${lengthText(at - newest)} before ${freshness.at}; at most ${lengthText(maxAge)} was demanded`,
      { code: 'age' },
    );
  }
  return freshness;
}

/** What is not proven of a checkpoint's age, in words; null where its age was demanded. */
export function ageNotProven({ cosignedAt, at, ageSeconds, maxAgeSeconds }: Freshness): string | null {
  if (cosignedAt === null || ageSeconds === null)
    return 'How fresh the checkpoint is: no trusted witness has cosigned it with a time.';
  if (maxAgeSeconds !== null) return null;
  return `That nothing was recorded since: the checkpoint was last cosigned at ${cosignedAt}, ${lengthText(Math.abs(ageSeconds) * 1000)} ${ageSeconds < 0 ? 'after' : 'before'} ${at}, and no greatest age was demanded (--max-age).`;
}

/** A length of time to read, in ms: the largest unit that fits, cut off. */
export function lengthText(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  const units = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ] as const;
  const [size, name] = units.find(([length]) => Math.abs(seconds) >= 2 * length) ?? [1, 'second'];
  return counted(Math.trunc(seconds / size), name);
}

/** A time of a cosignature, in ms, as ISO 8601 where it is any: a witness may sign whatever number it likes. */
export function timeText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? isoTime(ms) : `second ${ms / 1000}`;
}
