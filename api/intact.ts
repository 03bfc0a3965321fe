import type { Change } from '../domain/change.ts';
import { differenceIn, refusalOfDifference } from '../domain/stored-change.ts';
import type { RefusalLog } from './refusal-log.ts';
import { sha256 } from './sha256.ts';

/**
 * Ensures that nobody is shown one thing and signs another: makes the digests of a stored change anew from its stored
 * members, and records a difference once for everybody who looks.
 *
 * @throws CountersignError `stored_change_differs`; `log_unavailable` when that cannot be recorded
 */
export async function assertIntact(refusals: Pick<RefusalLog, 'differs'>, change: Change): Promise<void> {
  if (!(await isIntact(refusals, change))) throw refusalOfDifference(change);
}

/** Whether {@link assertIntact} lets a change through. @throws CountersignError `log_unavailable` */
export async function isIntact(refusals: Pick<RefusalLog, 'differs'>, change: Change): Promise<boolean> {
  const difference = differenceIn(change, sha256);
  if (difference !== null) await refusals.differs({ change, difference });
  return difference === null;
}
