import type { Change } from '../domain/change.ts';
import { differenceIn } from '../domain/stored-change.ts';
import type { RefusalLog } from './refusal-log.ts';
import { sha256 } from './sha256.ts';

/**
 * Whether a stored change is the one that its digest was made of, so that nobody is shown one thing and signs another: makes
 * the digests anew from its stored members, and records a difference once for everybody who looks.
 *
 * @throws CountersignError `log_unavailable` when that cannot be recorded
 */
export async function isIntact(refusals: Pick<RefusalLog, 'differs'>, change: Change): Promise<boolean> {
  const difference = differenceIn(change, sha256);
  if (difference !== null) await refusals.differs({ change, difference });
  return difference === null;
}
