import type { Attempt, Change, Outcome, Reason } from './change.ts';
import { mayHaveBeenSent } from './attempt.ts';
import { succeededCode, workflowEnded } from './own-codes.ts';
import type { DecisionStatus, ExecutionStatus } from './status.ts';

/** How a change ends. A status that is absent stays as it is. */
export interface End {
  readonly decisionStatus?: DecisionStatus;
  readonly executionStatus?: ExecutionStatus;
  readonly outcome: Pick<Outcome, 'code' | 'message'> & Partial<Pick<Outcome, 'requestId' | 'reconciled'>>;
}

/** What is known at the end of a change whose call was cut short. */
export interface Settlement {
  /** Calls that may have reached the vendor. */
  readonly attempts: number;
  /** Whether the target is as the operation leaves it; null where it could not be read, or does not tell. */
  readonly achieved: boolean | null;
  /** Whether some call's outcome is not known. */
  readonly doubt: boolean;
  /** The last failed call, if any. */
  readonly last: Reason | null;
}

/** The end of a change whose call has succeeded, by its answer or by what the target shows. */
export function endOfSuccess(requestId: string | null, reconciled: boolean): End {
  const message = reconciled
    ? 'the target, read afterwards, is as the operation leaves it'
    : 'the call succeeded';
  return { executionStatus: 'succeeded', outcome: { code: succeededCode, message, requestId, reconciled } };
}

/** The end of a change that was never called: one that was approved is cancelled. */
export function endWithoutCall(
  { executionStatus }: Pick<Change, 'executionStatus'>,
  why: End['outcome'],
): End {
  return { executionStatus: executionStatus === 'not_started' ? 'not_started' : 'cancelled', outcome: why };
}

/** The end of a change whose call was cut short: what the target shows decides, not what was hoped. */
export function endOfSettlement(
  change: Pick<Change, 'executionStatus'>,
  why: Pick<Outcome, 'code' | 'message'>,
  { attempts, achieved, doubt, last }: Settlement,
): End {
  if (attempts === 0) return endWithoutCall(change, why);
  if (achieved === true) return endOfSuccess(null, true);
  const requestId = last?.requestId ?? null;
  if (achieved === null && doubt) {
    const message = `${why.message}; a call's outcome is not known, and the target could not be read or does not tell it`;
    return { executionStatus: 'outcome_unknown', outcome: { code: 'outcome_unknown', message, requestId } };
  }
  const message = last === null ? why.message : `${why.message}; last answer: ${last.code}`;
  return { executionStatus: 'failed', outcome: { code: why.code, message, requestId } };
}

/**
 * The end of a change whose workflow has ended without closing it. What a call of it came to is not guessed.
 *
 * @param status - as what Temporal says that the workflow ended
 */
export function endOfOrphan(
  change: Pick<Change, 'decisionStatus' | 'executionStatus'>,
  attempts: readonly Attempt[],
  status: string,
): End {
  const succeeded = attempts.findLast(({ outcome }) => outcome === 'succeeded');
  const outcome = {
    code: workflowEnded,
    message: `its workflow ended as ${status}`,
    requestId: succeeded?.requestId ?? null,
  };
  const decided = change.decisionStatus === 'pending' ? { decisionStatus: 'withdrawn' as const } : {};
  if (succeeded) return { ...decided, executionStatus: 'succeeded', outcome };
  if (attempts.some(mayHaveBeenSent)) return { ...decided, executionStatus: 'outcome_unknown', outcome };
  return { ...decided, ...endWithoutCall(change, outcome) };
}
