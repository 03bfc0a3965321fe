import type { Change } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import { differenceIn } from '../domain/stored-change.ts';
import type { RefusalLog } from './refusal-log.ts';
import { sha256 } from './sha256.ts';

/**
 * Ensures that nobody is shown one thing and signs another: makes the digests of a stored change anew from its stored
 * members, and records a difference once for everybody who looks.
 *
 * @throws CountersignError `stored_change_differs`; `log_unavailable` when that cannot be recorded
 */
export async function assertIntact(refusals: Pick<RefusalLog, 'differs'>, change: Change): Promise<void> {
  if (await isIntact(refusals, change)) return;
  throw new CountersignError(
    'stored_change_differs',
    'the stored change is not the one that its digest was made of; its events say what was submitted',
    { extra: { changeId: change.id } },
  );
}

/** Whether {@link assertIntact} lets a change through. @throws CountersignError `log_unavailable` */
export async function isIntact(refusals: Pick<RefusalLog, 'differs'>, change: Change): Promise<boolean> {
  const difference = differenceIn(change, sha256);
  if (difference !== null) await refusals.differs({ change, difference });
  return difference === null;
}

/**
 * The digest that a word to stop may carry: none where it cannot be made, since stopping must work all the same.
 * @throws CountersignError `log_unavailable`
 */
export async function digestToStop(
  refusals: Pick<RefusalLog, 'differs'>,
  change: Change,
): Promise<string | null> {
  return (await isIntact(refusals, change)) ? change.digest : null;
}
