/**
 * What can be wrong with a pack, and what that makes of it: `tampered` for what contradicts itself, the checkpoint or a
 * signature, `incomplete` for what could not be looked at.
 */
export const resultOfKind = {
  /** Bytes, a column or a rendering are not what was hashed. */
  altered: 'tampered',
  /** An entry is not where it belongs. */
  reordered: 'tampered',
  /** An entry within is not there. */
  missing: 'tampered',
  /** The last entries are not there. */
  truncated: 'tampered',
  /** The log does not continue the checkpoint that the auditor has. */
  forked: 'tampered',
  badly_signed: 'tampered',
  /** The entries tell of something that could not have happened. */
  illogical: 'tampered',
  /** Something is not of the form that it must have. */
  malformed: 'tampered',
  /** A file that does not belong to a pack, or a path that leaves it. */
  unexpected: 'tampered',
  /** The checkpoint is older than the one that the auditor has. */
  stale: 'incomplete',
  /** The archive ends half-way or cannot be read. */
  unreadable: 'incomplete',
  /** Something was not there to check, or to check with. */
  unchecked: 'incomplete',
} as const;

/** A kind of finding; see {@link resultOfKind}. */
export type FindingKind = keyof typeof resultOfKind;

/** One thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  /** Which rule, where the kind has several: see docs/auditing.md. */
  readonly code?: string;
  /** The entry's place in the log, or null where none can be named. */
  readonly index: number | null;
  readonly message: string;
}

/** Ends the reading of a pack: nothing after it can be understood. */
export class BrokenPack extends Error {
  readonly kind: FindingKind;
  constructor(kind: FindingKind, message: string) {
    super(message);
    this.name = 'BrokenPack';
    this.kind = kind;
  }
}

/** Most findings that are kept; the others are counted. */
export const mostFindings = 100;

/** Findings as they come. */
export function collectFindings() {
  const kept: Finding[] = [];
  let count = 0;
  let tampered = false;
  let first: number | null = null;
  return {
    add(
      kind: FindingKind,
      message: string,
      more: { readonly index?: number | null; readonly code?: string } = {},
    ): void {
      const { index = null, code } = more;
      count += 1;
      if (resultOfKind[kind] === 'tampered') {
        tampered = true;
        if (index !== null && (first === null || index < first)) first = index;
      }
      if (kept.length < mostFindings)
        kept.push({ kind, ...(code === undefined ? {} : { code }), index, message });
    },
    get kept(): readonly Finding[] {
      return kept;
    },
    get count() {
      return count;
    },
    get result(): 'valid' | 'tampered' | 'incomplete' {
      return tampered ? 'tampered' : count > 0 ? 'incomplete' : 'valid';
    },
    get firstBadIndex() {
      return first;
    },
  };
}
/** See {@link collectFindings}. */
export type Findings = ReturnType<typeof collectFindings>;
