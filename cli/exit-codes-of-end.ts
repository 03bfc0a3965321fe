import type { ChangeView } from '../api/change-view.ts';

/** The exit codes of a command that waits for a change's end, so that a pipeline can tell what to do next. */
export const exitCodesOfEnd = {
  succeeded: 0,
  /** Rejected, expired, withdrawn or refused: nothing was called. */
  notApproved: 10,
  /** Approved, and it has no effect: cancelled before its call, or the call failed for good. */
  notExecuted: 11,
  /** Nobody knows whether it took effect, or only a part of it did. */
  outcomeUnknown: 12,
} as const;

/** The exit code for a change that has ended. */
export function exitCodeOfEnd({
  decisionStatus,
  executionStatus,
}: Pick<ChangeView, 'decisionStatus' | 'executionStatus'>): number {
  if (executionStatus === 'succeeded') return exitCodesOfEnd.succeeded;
  if (executionStatus === 'outcome_unknown' || executionStatus === 'partially_succeeded')
    return exitCodesOfEnd.outcomeUnknown;
  return decisionStatus === 'approved' ? exitCodesOfEnd.notExecuted : exitCodesOfEnd.notApproved;
}
