import { hash } from 'node:crypto';
import type { Decision } from '../../domain/change.ts';
import type { Json } from '../../domain/json.ts';
import { decisionOf, decisionOutcome, judgeDecision } from '../../domain/decision.ts';
import { superseded, withOneMore, withOneTakenBack } from '../../domain/decisions.ts';
import { digestText } from '../../domain/digest.ts';
import { actorIn } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import { isRefused } from '../../domain/error.ts';
import type { PersonId } from '../../domain/person.ts';
import { samePerson } from '../../domain/person.ts';
import { needsNobody } from '../../domain/progress.ts';
import { narrowed } from '../../domain/reevaluation.ts';
import { submissionText } from '../../domain/submission.ts';
import { isoTime } from '../../domain/time.ts';
import { numberOf, objectOf, stringOf } from './fields.ts';
import { answered, attempted, isCalled } from './follow-attempts.ts';
import { hasCalled, stopped } from './follow-stops.ts';
import { judgePolicyDigest, judgePolicyName } from './judge-policy.ts';
import { begun, tolerance } from './life.ts';
import type { Life } from './life.ts';
import type { Problem, Report } from './problem.ts';
import { isOfNobody, judgeStatement, personOf, sameActor, statementOf } from './statement-of.ts';

/** Types that tell of a change without moving it. */
const aside: ReadonlySet<EventType> = new Set([
  'decision.refused',
  'request.refused',
  'audit.read',
  'audit.exported',
  'notification.sent',
  'integrity.conflict',
  'integrity.mismatch',
  'integrity.differs',
  'freeze.overridden',
]);

/**
 * The next entry of a change, in the log's order, against everything that came before it: which steps may follow which,
 * and under whose signed word. The rules are those that the workflow keeps, read from the other end.
 *
 * @param life - null before the first entry
 * @param whole - whether the change's first entry must be among those looked at
 * @param policyJson - the canonical JSON of the policy that the entry tells; made when not given
 */
export function follow(
  life: Life | null,
  body: EntryBody,
  whole: boolean,
  policyJson?: string,
): { life: Life | null; problems: Problem[] } {
  if (aside.has(body.type) || body.changeId === null) return { life, problems: [] };
  const problems: Problem[] = [];
  const report: Report = (code, message) => void problems.push({ code, message });

  if (body.type === 'change.requested') {
    if (life) report('requested_twice', 'the change was requested before');
    judgeStatement(body, report);
    const first = begun(body, body.changeId, true, policyJson);
    judgePolicyName(first.policy, body, report);
    if (first.policy) judgePolicyDigest(first.policy, first.asked['policy'] ?? '', report);
    return { life: life ?? asked(first, body, report), problems };
  }
  let before = life;
  if (!before) {
    if (whole) report('not_requested', `${body.type} of a change that nobody asked for`);
    // Judged from here on as far as it can be, so that one missing entry is not told of with each that follows.
    before = begun(body, body.changeId, false);
  }
  judgePolicyName(before.policy, body, report);
  judgeStatement(body, report);
  return { life: step(saidOnce(before, body, report), body, report), problems };
}

/** What a person said stands behind one entry of a type: whoever kept a word may bring it again after it was taken back. */
function saidOnce(life: Life, body: EntryBody, report: Report): Life {
  const statement = statementOf(body);
  if (statement === null) return life;
  const { person, action, digest, at } = statement;
  const word = JSON.stringify([body.type, person.issuer, person.subject, action, digest, at]);
  if (life.said.includes(word)) {
    report('statement_repeated', `${body.type} by a word of ${at} that stands behind an earlier entry`);
    return life;
  }
  return { ...life, said: [...life.said, word] };
}

function step(life: Life, body: EntryBody, report: Report): Life {
  const { type } = body;
  if (life.closed && type !== 'change.closed' && !mayComeLate(type)) {
    report('after_close', `${type} after the change had closed`);
  }
  switch (type) {
    case 'change.prechecked':
      return prechecked(life, body, report);
    case 'change.drifted':
      if (life.whole && life.status !== 'approved') report('not_approved', 'drift of what was not approved');
      return { ...life, status: 'pending', digest: null, drifted: true };
    case 'decision.approved':
    case 'decision.rejected':
      return decided(life, body, type === 'decision.approved' ? 'approve' : 'reject', report);
    case 'decision.withdrawn': {
      if (life.whole && life.status !== 'pending')
        report('not_pending', 'a decision was taken back too late');
      const person = personOf(body.actor);
      if (person === null) return life;
      return decidedAnew(life, { decisions: withOneTakenBack(life.decisions, person, life.round) });
    }
    case 'decision.lapsed': {
      if (life.whole && (life.status !== 'approved' || hasCalled(life))) {
        report('not_approved', 'approvals lapsed of what was not approved, or had begun');
      }
      return decidedAnew(life, { decisions: afterLapse(life.decisions, body), status: 'pending' });
    }
    case 'change.escalated':
      if (life.whole && life.status !== 'pending')
        report('not_pending', 'escalated when nothing was awaited');
      return decidedAnew(life, { escalatedAt: stringOf(body.escalatedAt) ?? body.time });
    case 'change.scheduled':
      if (life.whole && !approvedBy(life)) {
        report('scheduled_without_approval', 'scheduled without the decisions that the policy asks for');
      }
      return {
        ...life,
        status: 'approved',
        everApproved: true,
        executeBy: stringOf(body.executeBy) ?? life.executeBy,
      };
    case 'change.withdrawn':
      if (hasCalled(life)) report('withdrawn_after_call', 'withdrawn after its call had started');
      if (
        life.requester &&
        !isOfNobody(body) &&
        !hasRole(body, 'operator') &&
        !sameActor(body, life.requester) &&
        statementOf(body)?.kind !== 'takeover'
      ) {
        report('not_by_operator', 'withdrawn by neither its requester nor an operator');
      }
      return { ...life, status: 'withdrawn' };
    case 'change.expired':
      if (life.whole && life.status !== 'pending')
        report('not_pending', `${type} of what was ${life.status}`);
      return { ...life, status: 'expired' };
    case 'change.refused':
      // By an admin's word, who has revoked the policy, also what was approved.
      if (hasRole(body, 'admin') && statementOf(body)?.kind === 'revocation') {
        if (hasCalled(life)) report('withdrawn_after_call', 'refused after its call had started');
      } else if (life.whole && life.status !== 'pending') {
        report('not_pending', `${type} of what was ${life.status}`);
      }
      return { ...life, status: 'refused' };
    case 'stop.requested':
    case 'stop.lifted':
      return stopped(life, body, report);
    case 'change.paused':
    case 'change.resumed':
    case 'change.retried':
    case 'change.abandoned':
      if (life.whole && !life.everApproved) report('not_approved', `${type} of what was never approved`);
      if (
        !isOfNobody(body) &&
        !hasRole(body, statementOf(body)?.kind === 'revocation' ? 'admin' : 'operator')
      ) {
        report('not_by_operator', `${type} by somebody who may not`);
      }
      return type === 'change.abandoned'
        ? { ...life, abandonedAs: statementOf(body)?.kind === 'revocation' ? 'refused' : 'withdrawn' }
        : life;
    case 'review.signed':
      if (!life.closed) report('review_not_allowed', 'a review before the end');
      if (life.whole && !life.breakGlass) report('review_not_allowed', 'a review that was not owed');
      if (
        (life.requester && sameActor(body, life.requester)) ||
        life.decisions.some((d) => sameActor(body, d.person))
      ) {
        report('review_not_allowed', 'a review by somebody who asked for the change or decided it');
      }
      return life;
    case 'change.reconciled':
      if (life.whole && life.started.length === 0)
        report('closed_otherwise', 'reconciled without any attempt');
      return { ...life, succeeded: true };
    case 'attempt.started':
      return attempted(life, body, report);
    case 'attempt.succeeded':
    case 'attempt.failed':
    case 'attempt.unknown':
      return answered(life, body, report);
    case 'change.closed':
      if (life.closed) report('closed_twice', 'the change had closed before');
      else judgeEnd(life, body, report);
      return { ...life, closed: true };
    default:
      return life;
  }
}

/** What may still come: the answer to a call, a target that was being read, a word that was said while the end was written. */
function mayComeLate(type: EventType): boolean {
  return (
    type === 'change.prechecked' ||
    type === 'review.signed' ||
    type.startsWith('stop.') ||
    (type.startsWith('attempt.') && type !== 'attempt.started')
  );
}

/** The API's word on a submission is of just what was asked for. */
function asked(life: Life, body: EntryBody, report: Report): Life {
  const statement = statementOf(body);
  if (statement === null || life.policy === null) return life;
  const attested =
    statement.kind === 'submission' &&
    statement.digest === sha256(submissionText(life.asked, life.submittedAt));
  if (!attested) report('statement_differs', 'the submission was signed of something else');
  return { ...life, attested };
}

function prechecked(life: Life, body: EntryBody, report: Report): Life {
  // Read while the change ended: it grants nothing.
  if (life.closed || (life.status !== 'pending' && life.status !== 'approved')) return life;
  const round = numberOf(body.round);
  if (life.whole) {
    if (life.status === 'approved' || round !== life.round + 1) {
      report('round_out_of_order', `round ${round} after round ${life.round}, ${life.status}`);
    }
    if (life.policy && sha256(digestText(life.asked, body.snapshot ?? null, round)) !== body.digest) {
      report('digest_differs', 'the digest is not that of what was shown');
    }
  }
  const decisions = life.decisions.map(superseded);
  return { ...life, status: 'pending', round, digest: stringOf(body.digest), decisions };
}

function decided(life: Life, body: EntryBody, decision: 'approve' | 'reject', report: Report): Life {
  const statement = statementOf(body);
  if (statement === null) return life;
  const { person, digest, comment, at, directory } = statement;
  const round = numberOf(body.round);
  const wanted = {
    decision,
    digest: digest ?? '',
    person,
    comment,
    ...(Array.isArray(directory) ? { directory } : {}),
  };
  const { requester, policy, status: decisionStatus } = life;
  if (!life.whole || !requester || !policy) {
    if (requester && samePerson(requester, person)) {
      report('decision_not_allowed', 'self_approval: the requester of a change may not decide it');
    }
    const made: Decision = { ...wanted, round, stage: '', at, counts: true };
    const status = decision === 'reject' ? 'rejected' : life.status;
    return { ...life, decisions: withOneMore(life.decisions, made), status };
  }
  // What came in time may be written later, and clocks differ.
  const decideBy = isoTime(Date.parse(life.decideBy ?? at) + tolerance);
  const decidable = { ...life, requester, policy, decisionStatus, decideBy };
  const now = Math.min(Date.parse(at), Date.parse(body.time));
  if (statement.round !== life.round || round !== life.round) {
    report('decision_not_awaited', `a decision of round ${statement.round} in round ${life.round}`);
  } else {
    const judged = judgeDecision(decidable, wanted, now);
    if (judged === 'repeated') report('decision_not_awaited', 'this person had decided so before');
    else if (isRefused(judged)) report('decision_not_allowed', `${judged.code}: ${judged.message}`);
  }
  const made = { ...decisionOf(decidable, wanted, now), round };
  return decidedAnew(life, { decisions: withOneMore(life.decisions, made) });
}

/** What the people of a change and their rights come to after one of them has changed. That it is approved, another entry says. */
function decidedAnew(before: Life, changed: Partial<Life>): Life {
  const life = { ...before, ...changed };
  const { policy, requester, status } = life;
  if (!life.whole || !policy || !requester || status !== 'pending') return life;
  const rejected = decisionOutcome({ ...life, policy, requester }) === 'rejected';
  return { ...life, status: rejected ? 'rejected' : status };
}

/** The decisions after some have lapsed, and others count under fewer groups of the directory. */
function afterLapse(decisions: readonly Decision[], { lapsed, narrowed: fewer }: EntryBody): Decision[] {
  const named = (list: Json | undefined, person: PersonId) =>
    (Array.isArray(list) ? list : []).map(objectOf).find((one) => {
      const of = personOf(one);
      return of !== null && samePerson(of, person);
    });
  return decisions.map((d) => {
    if (named(lapsed, d.person)) return superseded(d);
    const { directory } = named(fewer, d.person) ?? {};
    return Array.isArray(directory) ? narrowed(d, directory) : d;
  });
}

function approvedBy(life: Life): boolean {
  const { policy, requester, decisions } = life;
  if (policy && requester) {
    const votable = { ...life, policy, requester };
    // Where nobody approves, the API's word that this person asked for just this is all there is.
    if (needsNobody(votable) && !life.attested) return false;
    return decisionOutcome(votable) === 'approved';
  }
  return decisions.some((d) => d.counts && d.decision === 'approve');
}

/** Whether a change may close as it says. */
function judgeEnd(life: Life, body: EntryBody, report: Report): void {
  if (!life.whole) return;
  const { decisionStatus, executionStatus, outcome } = body;
  // Closed by the reconciler, whose word is that the workflow is gone: a pending one counts as withdrawn.
  const orphan = objectOf(outcome).code === 'workflow_ended';
  const status = life.status === 'pending' ? (life.abandonedAs ?? life.status) : life.status;
  if (decisionStatus !== status && !(orphan && life.status === 'pending')) {
    report('closed_otherwise', `closed as ${JSON.stringify(decisionStatus)}, and was ${status}`);
  }
  const called = isCalled(life);
  const wrong =
    executionStatus === 'succeeded' || executionStatus === 'partially_succeeded'
      ? !life.succeeded
      : executionStatus === 'cancelled'
        ? called
        : executionStatus === 'not_started'
          ? (called && !life.drifted) || life.status === 'approved'
          : executionStatus === 'outcome_unknown'
            ? !called
            : executionStatus !== 'failed';
  if (wrong) {
    report(
      'closed_otherwise',
      `closed as ${JSON.stringify(executionStatus)} after ${life.started.length} attempts, ${life.succeeded ? '' : 'none '}successful`,
    );
  }
}

function hasRole(body: EntryBody, role: string): boolean {
  return [actorIn(body).roles].flat().includes(role);
}

function sha256(text: string): string {
  return hash('sha256', text);
}
