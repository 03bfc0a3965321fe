import { notSent } from './attempt.ts';
import type { Calls, Change, ChangeRequest, Decision, Reason } from './change.ts';
import { requesterIn } from './change-event.ts';
import type { AttemptEnd, ChangeEvent, Closed, Decided, Lapsed, Requested } from './change-event.ts';
import { decisionOf, decisionOutcome, missingSeats } from './decision.ts';
import { superseded, withOneMore, withOneTakenBack } from './decisions.ts';
import { samePerson } from './person.ts';
import { narrowed } from './reevaluation.ts';
import type { Standing } from './status.ts';
import { isUncalledEnd } from './status.ts';

/** What of a request makes the change. */
export type NewChange = Omit<ChangeRequest, 'submission' | 'idempotency' | 'source'>;

/** A change as it is right after its submission. */
export function newChange(request: NewChange): Change {
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
    standing: 'going',
    reason: null,
    calls: { started: 0, open: [], called: false, succeeded: false },
    review: null,
    closedAt: null,
  };
  return { ...change, missing: missingSeats(change) };
}

/** The change that its first event asks for. */
export function changeOf(event: Requested): Change {
  const { changeId, operation, target: id, scope, label, input, justification, ticket, breakGlass } = event;
  const { pinnedPolicy, submittedAt, decideBy, executeAfter, executeBy, executeWithinMs } = event;
  return newChange({
    id: changeId,
    operation,
    operationVersion: event.operationVersion,
    inputSchemaDigest: event.inputSchemaDigest,
    input,
    target: { id, scope, label },
    requester: requesterIn(event),
    justification,
    ticket,
    breakGlass,
    policy: pinnedPolicy,
    submittedAt,
    decideBy,
    executeAfter,
    executeBy,
    executeWithinMs,
  });
}

/**
 * The change after one more event: the one place in which a change becomes another. The workflow, the store, the
 * reconciler, the verifier and `audit compare` come to the same change by the same events. Nothing is refused here:
 * what may happen, {@link ./decide.ts} says.
 */
export function evolve(change: Change, event: ChangeEvent): Change {
  const after = { ...change, ...changedBy(change, event), version: change.version + 1 };
  return asksTheSame(change, after) ? after : { ...after, missing: missingIn(after) };
}

/** Whether nothing has changed that says which seats are free. Who asked, and the policy, never change. */
function asksTheSame(before: Change, after: Change): boolean {
  return (
    before.decisions === after.decisions &&
    before.round === after.round &&
    before.escalatedAt === after.escalatedAt &&
    before.decisionStatus === after.decisionStatus
  );
}

function missingIn(change: Change): Change['missing'] {
  return change.decisionStatus === 'pending' ? missingSeats(change) : [];
}

function changedBy(change: Change, event: ChangeEvent): Partial<Change> {
  switch (event.type) {
    case 'change.requested':
    case 'change.reminded':
      return {};
    case 'change.retried':
      return heard(change, event);
    case 'change.prechecked':
      return {
        snapshot: event.snapshot,
        digest: event.digest,
        round: event.round,
        decisionStatus: 'pending',
        executionStatus: 'not_started',
        decisions: change.decisions.map(superseded),
      };
    case 'decision.approved':
    case 'decision.rejected':
      return withDecisions(change, withOneMore(change.decisions, decisionIn(change, event)));
    case 'decision.withdrawn':
      return withDecisions(change, withOneTakenBack(change.decisions, event.statement.person, change.round));
    case 'decision.lapsed':
      return {
        decisionStatus: 'pending',
        executionStatus: 'not_started',
        // A reject may come to count because an approval no longer does.
        ...withDecisions(change, afterLapse(change.decisions, event)),
      };
    case 'change.escalated':
      return withDecisions({ ...change, escalatedAt: event.escalatedAt }, change.decisions);
    case 'change.scheduled':
      return {
        decisionStatus: 'approved',
        // A pause that was said before people had to be asked again still holds.
        executionStatus: change.standing === 'paused' ? 'paused' : 'scheduled',
        executeBy: event.executeBy,
        // A break-glass change owes its review from here on.
        reviewStatus: change.breakGlass ? 'owed' : 'none',
      };
    case 'change.drifted':
      return {
        decisionStatus: 'pending',
        executionStatus: 'not_started',
        digest: null,
        calls: withCalled(change.calls, event.called),
      };
    case 'change.held':
      return { executionStatus: 'scheduled', calls: withCalled(change.calls, event.called) };
    case 'change.paused':
      return {
        ...heard(change, event),
        standing: 'paused',
        ...(change.decisionStatus === 'approved' ? { executionStatus: 'paused' as const } : {}),
      };
    case 'change.resumed':
      return {
        ...heard(change, event),
        standing: 'going',
        ...(change.executionStatus === 'paused' ? { executionStatus: 'scheduled' as const } : {}),
      };
    case 'change.withdrawn':
      return {
        ...heard(change, event),
        ...stoppedAs(standingBy(event.code, 'withdrawn')),
        decisionStatus: 'withdrawn',
      };
    case 'change.abandoned': {
      const stopped = { ...heard(change, event), ...stoppedAs(standingBy(event.code, 'abandoned')) };
      if (change.decisionStatus !== 'pending') return stopped;
      // In a round that nobody has decided: nobody is asked any more.
      return { ...stopped, decisionStatus: event.code === 'policy_revoked' ? 'refused' : 'withdrawn' };
    }
    case 'change.refused': {
      if (event.statement) {
        return { ...heard(change, event), ...stoppedAs('revoked'), decisionStatus: 'refused' };
      }
      const { code, message = '', requestId = null, snapshot = null } = event;
      return { decisionStatus: 'refused', snapshot, reason: { code, message, requestId } };
    }
    case 'change.expired':
      return { decisionStatus: 'expired', reason: reasonOfExpiry(change) };
    case 'change.reconciled':
      return { calls: { ...change.calls, succeeded: true } };
    case 'attempt.started':
      return {
        executionStatus: 'running',
        calls: {
          ...change.calls,
          started: change.calls.started + 1,
          open: [...change.calls.open, event.attempt.ordinal],
        },
      };
    case 'attempt.succeeded':
    case 'attempt.failed':
    case 'attempt.unknown':
      return { calls: withEnd(change.calls, event.type, event.attempt) };
    case 'change.closed':
      return closedBy(event);
    case 'review.signed': {
      const { person, comment } = event.statement;
      return { reviewStatus: 'signed', review: { person, comment, at: event.time } };
    }
  }
}

/** A word that the workflow has heard counts, once. */
function heard(change: Change, event: { readonly ordinal?: number | undefined }): Pick<Change, 'stopWords'> {
  return { stopWords: Math.max(change.stopWords, event.ordinal ?? 0) };
}

/** What decisions make of a change that awaits them. That it is approved, another event says, which sets its clock. */
function withDecisions(change: Change, decisions: readonly Decision[]): Partial<Change> {
  const after = { ...change, decisions };
  const { escalatedAt } = change;
  if (decisionOutcome(after) !== 'rejected') return { escalatedAt, decisions };
  const by = decisions.findLast((d) => d.counts && d.decision === 'reject')?.person.name;
  const reason = { code: 'rejected', message: `rejected by ${by ?? 'an approver'}`, requestId: null };
  return { escalatedAt, decisions, decisionStatus: 'rejected', reason };
}

/** The decision that an event tells, with the stage that was open. */
function decisionIn(change: Change, { statement, time, type, round }: Decided): Decision {
  const { person, digest, comment, directory } = statement;
  const decision = type === 'decision.approved' ? 'approve' : 'reject';
  const wanted = {
    decision,
    digest: digest ?? '',
    person,
    comment,
    ...(directory ? { directory } : {}),
  } as const;
  return { ...decisionOf(change, wanted, Date.parse(time)), round };
}

/** The decisions after some have lapsed, and others count under fewer groups of the directory. */
function afterLapse(decisions: readonly Decision[], event: Lapsed): readonly Decision[] {
  return decisions.map((d) => {
    const isLapsed = event.all
      ? d.decision === 'approve'
      : event.lapsed.some((person) => samePerson(person, d.person));
    if (isLapsed) return superseded(d);
    const fewer = event.narrowed.find((person) => samePerson(person, d.person));
    return fewer ? narrowed(d, fewer.directory) : d;
  });
}

const messageOf = {
  withdrawn: 'the change was withdrawn',
  taken_over: 'a break-glass change took over its target',
  abandoned: 'an operator abandoned the change',
  revoked: 'the policy was revoked',
  host_cancelled: 'the workflow that asked for the change has cancelled the request, or has ended',
  workflow_cancelled: "the change's workflow was cancelled",
} as const;
type Final = keyof typeof messageOf;

function standingBy(code: string | undefined, otherwise: Final): Final {
  if (code === 'policy_revoked') return 'revoked';
  return code !== undefined && Object.hasOwn(messageOf, code) ? (code as Final) : otherwise;
}

function stoppedAs(standing: Final): { readonly standing: Standing; readonly reason: Reason } {
  const code = standing === 'revoked' ? 'policy_revoked' : standing;
  return { standing, reason: { code, message: messageOf[standing], requestId: null } };
}

function reasonOfExpiry({ digest, decideBy }: Change): Reason {
  const message =
    digest === null ? 'the target could not be read before decide-by' : `nobody decided before ${decideBy}`;
  return { code: 'decide_by_passed', message, requestId: null };
}

function withCalled(calls: Calls, called: boolean): Calls {
  return called ? { ...calls, called } : calls;
}

function withEnd(calls: Calls, type: string, { ordinal, code }: AttemptEnd): Calls {
  const isUnsent = type === 'attempt.failed' && code === notSent;
  return {
    ...calls,
    open: calls.open.filter((one) => one !== ordinal),
    called: calls.called || !isUnsent,
    succeeded: calls.succeeded || type === 'attempt.succeeded',
  };
}

function closedBy({ decisionStatus, executionStatus, outcome, time }: Closed): Partial<Change> {
  return {
    decisionStatus,
    executionStatus,
    outcome,
    closedAt: time,
    ...(isUncalledEnd(executionStatus) ? { reviewStatus: 'none' as const } : {}),
  };
}
