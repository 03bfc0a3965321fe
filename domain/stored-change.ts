import { askedMembers } from './asked.ts';
import type { Change } from './change.ts';
import { digestText } from './digest.ts';
import { CountersignError } from './error.ts';
import { policyDigest } from './policy-digest.ts';

/** In what a stored change contradicts itself. */
export interface Difference {
  readonly of: 'digest' | 'policy' | 'executeBy';
  /** What is stored, and what it should be. */
  readonly stored: string | null;
  readonly made: string | null;
}

/**
 * What is wrong with a stored change, or null: its digest is not that of what would be shown with it, its policy's digest
 * not that of its policy, or its execute-by not the one that was asked for. Whoever shows a change or accepts a word on
 * its digest asks this first: a person must not be shown one thing and sign another.
 *
 * @param sha256 - makes the hash, in lower-case hex
 */
export function differenceIn(change: Change, sha256: (text: string) => string): Difference | null {
  const { policy, digest, executeBy, asked } = change;
  const ofPolicy = made(() => policyDigest(policy, sha256));
  if (ofPolicy !== policy.digest) return { of: 'policy', stored: policy.digest, made: ofPolicy };
  if (executeBy !== asked.executeBy && !(asked.executeBy === null && wasApproved(change))) {
    return { of: 'executeBy', stored: executeBy, made: asked.executeBy };
  }
  if (digest === null) return null;
  const ofChange = made(() => sha256(digestText(askedMembers(change), change.snapshot, change.round)));
  return ofChange === digest ? null : { of: 'digest', stored: digest, made: ofChange };
}

/** The refusal of whatever relies on a change in which {@link differenceIn} finds one: `stored_change_differs` (409). */
export function refusalOfDifference({ id }: Pick<Change, 'id'>): CountersignError {
  return new CountersignError(
    'stored_change_differs',
    'the stored change is not the one that its digest was made of; its events say what was submitted',
    { extra: { changeId: id } },
  );
}

/** Whether an approval may have set execute-by: in this round, where it may have lapsed since, or in an earlier one. */
function wasApproved({ decisionStatus, round, digest, decisions }: Change): boolean {
  const lapsed = decisions.some(({ decision, counts }) => decision === 'approve' && !counts);
  // The target of an approved change has drifted, and is being read again.
  const isReadAgain = round > 0 && digest === null;
  return decisionStatus !== 'pending' || round > 1 || isReadAgain || lapsed;
}

/** A digest, or null of what has no canonical JSON: then it fits nothing. */
function made(work: () => string): string | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof CountersignError) return null;
    throw error;
  }
}
