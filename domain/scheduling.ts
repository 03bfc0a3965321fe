import type { Change, MissingSeats } from './change.ts';
import type { Scheduled } from './change-event.ts';
import { missingSeats } from './decision.ts';
import { isoTime } from './time.ts';
import { toldSeats } from './told-seats.ts';

/**
 * What `change.scheduled` says of a change that its policy approves: the clocks, and which approvals nobody waited for.
 *
 * @param now - milliseconds since the epoch: when it was approved
 */
export function scheduling(change: Change, now: number): Omit<Scheduled, 'type' | 'time' | 'actor'> {
  const { executeAfter, breakGlass, policy, asked } = change;
  // Execute-by counts from the moment at which a call may first be made: approval, or execute-after if that is later.
  const earliest = Math.max(now, executeAfter === null ? 0 : Date.parse(executeAfter));
  const executeBy = change.executeBy ?? isoTime(earliest + asked.executeWithinMs);
  const skipped = toldSeats(skippedSeats(change));
  return { executeAfter, executeBy, breakGlass, standard: policy.standard, skipped };
}

/**
 * Whether a moment lies outside of the time in which a change's calls may begin: before execute-after, or from execute-by on;
 * null when it is within.
 *
 * @param now - milliseconds since the epoch
 * @param skew - by how much clocks may differ, ms
 */
export function outsideOfClocks(
  { executeAfter, executeBy }: Pick<Change, 'executeAfter' | 'executeBy'>,
  now: number,
  skew = 0,
): 'early' | 'late' | null {
  if (executeBy !== null && !(now - skew < Date.parse(executeBy))) return 'late';
  return executeAfter !== null && !(now + skew >= Date.parse(executeAfter)) ? 'early' : null;
}

/** The seats that the policy asks for and that a break-glass change left empty. */
function skippedSeats(change: Change): readonly MissingSeats[] {
  return change.breakGlass ? missingSeats({ ...change, breakGlass: false }) : [];
}
