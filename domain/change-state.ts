import type { Change, ChangeRequest, Decision, Outcome } from './change.ts';
import type { JsonObject } from './json.ts';
import { decisionOutcome, missingSeats } from './decision.ts';
import { superseded, withOneMore, withOneTakenBack } from './decisions.ts';
import type { PersonId } from './person.ts';
import { needsNobody } from './progress.ts';
import type { Reevaluation } from './reevaluation.ts';
import type { DecisionStatus, ExecutionStatus } from './status.ts';
import { isoTime } from './time.ts';

/** A change as it is right after its submission. */
export function newChange(request: ChangeRequest): Change {
  const change: Change = {
    id: request.id,
    operation: request.operation,
    operationVersion: request.operationVersion,
    inputSchemaDigest: request.inputSchemaDigest,
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
    asked: { executeBy: request.executeBy, executeWithinMs: request.executeWithinMs },
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
    stopWords: 0,
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
export function withRound(change: Change, snapshot: JsonObject | null, digest: string): Change {
  return next(change, {
    snapshot,
    digest,
    round: change.round + 1,
    decisionStatus: 'pending',
    executionStatus: 'not_started',
    decisions: change.decisions.map(superseded),
  });
}

/**
 * The change after its people or their rights have changed, and with what that decides: whatever changes them comes by
 * here. A change with all its seats filled would wait for ever, since nobody could decide it any more.
 *
 * @param now - milliseconds since the epoch
 */
function decidedAnew(
  change: Change,
  changed: Partial<Pick<Change, 'decisions' | 'escalatedAt'>>,
  now: number,
  executeWithinMs: number,
): Change {
  const decisionStatus = decisionOutcome({ ...change, ...changed });
  if (decisionStatus === 'approved') {
    return next(change, { ...changed, ...approval(change, now, executeWithinMs) });
  }
  return next(change, { ...changed, decisionStatus, executionStatus: 'not_started' });
}

/** The change with one more decision. */
export function withDecision(change: Change, decision: Decision, executeWithinMs: number): Change {
  const decisions = withOneMore(change.decisions, decision);
  return decidedAnew(change, { decisions }, Date.parse(decision.at), executeWithinMs);
}

/**
 * The change as its policy approves it without any person, or null when it needs one: a standard change, or a broken
 * glass that asks for no approval.
 *
 * @param now - milliseconds since the epoch
 */
export function withNobody(change: Change, executeWithinMs: number, now: number): Change | null {
  return needsNobody(change) ? decidedAnew(change, {}, now, executeWithinMs) : null;
}

/**
 * The change without somebody's decision, which is kept and no longer counts; see `judgeTakeBack`. It may decide the
 * change: who decides in somebody's place counts only while that person has not decided.
 *
 * @param now - milliseconds since the epoch
 */
export function withoutDecision(
  change: Change,
  person: PersonId,
  now: number,
  executeWithinMs: number,
): Change {
  const decisions = withOneTakenBack(change.decisions, person, change.round);
  return decidedAnew(change, { decisions }, now, executeWithinMs);
}

/**
 * The change once the escalation group is asked, too. It may decide the change: somebody of that group who has approved
 * may move to a seat that waited for others.
 *
 * @param now - milliseconds since the epoch
 */
export function withEscalation(change: Change, now: number, executeWithinMs: number): Change {
  const escalatedAt = change.escalatedAt ?? isoTime(now);
  return decidedAnew(change, { escalatedAt }, now, executeWithinMs);
}

/**
 * The change after approvers have lost their rights: it waits for others in their place, on the same digest, and the
 * escalation group is asked, which may be enough.
 *
 * @param now - milliseconds since the epoch
 */
export function withLapsed(
  change: Change,
  { decisions }: Reevaluation,
  now: number,
  executeWithinMs: number,
): Change {
  const escalatedAt = change.escalatedAt ?? isoTime(now);
  return decidedAnew(change, { decisions, escalatedAt }, now, executeWithinMs);
}

function approval(change: Change, now: number, executeWithinMs: number) {
  // Execute-by counts from the moment at which a call may first be made: approval, or execute-after if that is later.
  const earliest = Math.max(now, change.executeAfter === null ? 0 : Date.parse(change.executeAfter));
  const executeBy = change.executeBy ?? isoTime(earliest + executeWithinMs);
  // Who breaks the glass owes a review from here on.
  const reviewStatus = change.breakGlass ? 'owed' : 'none';
  return { decisionStatus: 'approved', executionStatus: 'scheduled', executeBy, reviewStatus } as const;
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
  const { outcome } = end;
  const statuses = {
    ...(end.decisionStatus === undefined ? {} : { decisionStatus: end.decisionStatus }),
    ...(end.executionStatus === undefined ? {} : { executionStatus: end.executionStatus }),
  };
  const { executionStatus } = { ...change, ...statuses };
  // Nothing was called, so there is nothing to look back at.
  const idle = executionStatus === 'not_started' || executionStatus === 'cancelled';
  return next(change, {
    ...statuses,
    ...(idle ? { reviewStatus: 'none' as const } : {}),
    outcome: { requestId: null, reconciled: false, ...outcome, at },
    closedAt: at,
  });
}

/** Whether a change has ended, and as the other one does: repeats of one closing may differ in their time. */
export function hasEndedAs(kept: Change, other: Change): boolean {
  return (
    kept.closedAt !== null &&
    kept.decisionStatus === other.decisionStatus &&
    kept.executionStatus === other.executionStatus &&
    kept.outcome?.code === other.outcome?.code &&
    kept.outcome?.requestId === other.outcome?.requestId
  );
}
