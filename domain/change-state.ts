import type { Change, ChangeRequest, Decision, JsonObject, Outcome } from './change.ts';
import { decisionOutcome, missingSeats } from './decision.ts';
import type { DecisionStatus, ExecutionStatus } from './status.ts';
import { isoTime } from './time.ts';

/** A change as it is right after its submission. */
export function newChange(request: ChangeRequest): Change {
  const change: Change = {
    id: request.id,
    operation: request.operation,
    input: request.input,
    target: request.target,
    requester: request.requester,
    justification: request.justification,
    ticket: request.ticket,
    breakGlass: request.breakGlass,
    policy: request.policy,
    submittedAt: request.submittedAt,
    decideBy: request.decideBy,
    executeAfter: request.executeAfter,
    executeBy: request.executeBy,
    version: 1,
    decisionStatus: 'pending',
    executionStatus: 'not_started',
    reviewStatus: 'none',
    snapshot: null,
    digest: null,
    round: 0,
    escalatedAt: null,
    decisions: [],
    missing: [],
    outcome: null,
    review: null,
    closedAt: null,
  };
  return { ...change, missing: missingSeats(change) };
}

/** The next state: what is given, one version later. */
export function next(change: Change, changed: Partial<Change>): Change {
  const merged = { ...change, ...changed, version: change.version + 1 };
  return { ...merged, missing: merged.decisionStatus === 'pending' ? missingSeats(merged) : [] };
}

/** A new round of approval: the target as just read, with its digest; earlier decisions no longer count. */
export function withRound(change: Change, snapshot: JsonObject, digest: string): Change {
  return next(change, {
    snapshot,
    digest,
    round: change.round + 1,
    decisionStatus: 'pending',
    executionStatus: 'not_started',
    decisions: change.decisions.map((d) => ({ ...d, counts: false })),
  });
}

/** The change with one more decision, and with what that decides. */
export function withDecision(change: Change, decision: Decision, executeWithinMs: number): Change {
  const decisions = [...change.decisions, decision];
  const decisionStatus = decisionOutcome({ ...change, decisions });
  if (decisionStatus !== 'approved') return next(change, { decisions, decisionStatus });
  return next(change, {
    decisions,
    decisionStatus,
    executionStatus: 'scheduled',
    executeBy: change.executeBy ?? isoTime(earliestCall(change, decision) + executeWithinMs),
  });
}

/** Execute-by counts from the moment at which a call may first be made: approval, or execute-after if that is later. */
function earliestCall({ executeAfter }: Change, { at }: Decision): number {
  return Math.max(Date.parse(at), executeAfter === null ? 0 : Date.parse(executeAfter));
}

/** The change at its end. */
export function closed(
  change: Change,
  end: {
    readonly decisionStatus?: DecisionStatus;
    readonly executionStatus?: ExecutionStatus;
    readonly outcome: Omit<Outcome, 'at' | 'requestId' | 'reconciled'> &
      Partial<Pick<Outcome, 'requestId' | 'reconciled'>>;
  },
  now: number,
): Change {
  const at = isoTime(now);
  const { outcome, ...statuses } = end;
  return next(change, {
    ...statuses,
    outcome: { requestId: null, reconciled: false, ...outcome, at },
    closedAt: at,
  });
}
