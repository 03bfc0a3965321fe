import type { Change, ChangeRequest, Decision, Outcome } from './change.ts';
import type { JsonObject } from './json.ts';
import { decisionOutcome, missingSeats } from './decision.ts';
import type { PersonId } from './person.ts';
import { samePerson } from './person.ts';
import { needsNobody } from './progress.ts';
import type { Reevaluation } from './reevaluation.ts';
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
    decisions: change.decisions.map((d) => ({ ...d, counts: false })),
  });
}

/** The change with one more decision, and with what that decides. */
export function withDecision(change: Change, decision: Decision): Change {
  const decisions = [...change.decisions, decision];
  const decisionStatus = decisionOutcome({ ...change, decisions });
  if (decisionStatus !== 'approved') return next(change, { decisions, decisionStatus });
  return next(change, { decisions, ...approval(change, Date.parse(decision.at)) });
}

/**
 * The change as its policy approves it without any person, or null when it needs one: a standard change, or a broken
 * glass that asks for no approval.
 *
 * @param now - milliseconds since the epoch
 */
export function withNobody(change: Change, now: number): Change | null {
  return needsNobody(change) ? next(change, approval(change, now)) : null;
}

/** The change without somebody's decision, which is kept and no longer counts; see `judgeTakeBack`. */
export function withoutDecision(change: Change, person: PersonId): Change {
  const own = (d: Decision) => d.counts && d.round === change.round && samePerson(d.person, person);
  return next(change, { decisions: change.decisions.map((d) => (own(d) ? { ...d, counts: false } : d)) });
}

/** The change once the escalation group is asked, too. @param now - milliseconds since the epoch */
export function withEscalation(change: Change, now: number): Change {
  return next(change, { escalatedAt: change.escalatedAt ?? isoTime(now) });
}

/**
 * The change after approvers have lost their rights: it waits for others in their place, on the same digest, and the
 * escalation group is asked.
 *
 * @param now - milliseconds since the epoch
 */
export function withLapsed(change: Change, { decisions }: Reevaluation, now: number): Change {
  const executionStatus = 'not_started';
  return withEscalation({ ...change, decisions, decisionStatus: 'pending', executionStatus }, now);
}

function approval(change: Change, now: number) {
  // Execute-by counts from the moment at which a call may first be made: approval, or execute-after if that is later.
  const earliest = Math.max(now, change.executeAfter === null ? 0 : Date.parse(change.executeAfter));
  const executeBy = change.executeBy ?? isoTime(earliest + change.asked.executeWithinMs);
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
