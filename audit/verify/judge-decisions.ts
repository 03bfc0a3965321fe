import { hash } from 'node:crypto';
import type { ChangeEvent, Decided, Prechecked, Scheduled } from '../../domain/change-event.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { wantedBy } from '../../domain/decide.ts';
import { decisionOutcome, judgeDecision, refusalToTakeBack } from '../../domain/decision.ts';
import { digestText } from '../../domain/digest.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { isRefused } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { Judged } from '../../domain/error.ts';
import { samePerson } from '../../domain/person.ts';
import { needsNobody } from '../../domain/progress.ts';
import { judgeReview } from '../../domain/review.ts';
import { scheduling } from '../../domain/scheduling.ts';
import type { Statement } from '../../domain/statement.ts';
import { submissionText } from '../../domain/submission.ts';
import { isPolicyKnown, tolerance } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import type { Illogical, Report } from './problem.ts';
import { statementOf } from './statement-of.ts';

type Escalated = Extract<ChangeEvent, { type: 'change.escalated' }>;

/** Most people whose decisions of one change are followed: what one more costs grows with those before it. */
export const mostDeciders = 5000;

/** Whether the API's word on a submission is of just what was asked for; false where there is none. */
export function isAttested({ change, asked }: ChangeRecord, body: EntryBody, report: Report): boolean {
  const statement = statementOf(body);
  if (statement === null) return false;
  const { kind, digest } = statement;
  if (kind === 'submission' && digest === sha256(submissionText(asked, change.submittedAt))) return true;
  report('statement_differs', 'the submission was signed of something else');
  return false;
}

/** A round has the next number and the digest of what was asked for and shown. */
export function judgeRound({ whole, change, asked }: ChangeRecord, event: Prechecked, report: Report): void {
  if (!whole) return;
  const { round, digest, snapshot } = event;
  if (round !== change.round + 1) {
    report('round_out_of_order', `round ${round} after round ${change.round}`);
  }
  if (sha256(digestText(asked, snapshot, round)) !== digest) {
    report('digest_differs', 'the digest is not that of what was shown');
  }
}

/** A decision is of the round that is open, on what it shows, by whom the policy allows, and in time. */
export function judgeDecided(record: ChangeRecord, event: Decided, body: EntryBody, report: Report): void {
  const { statement, round, time } = event;
  const { change, whole } = record;
  if (!whole || !isPolicyKnown(record)) return;
  if (statement.round !== change.round || round !== change.round) {
    report('decision_not_awaited', `a decision of round ${statement.round} in round ${change.round}`);
    return;
  }
  if (!isAsShown(record, body))
    report('shown_differs', `${body.type} shows something else than was decided on`);
  if (Number.isNaN(Date.parse(change.decideBy))) {
    report('decision_not_allowed', 'nobody has said until when people may decide');
  }
  if (statement.kind !== 'decision') return;
  const wanted = wantedBy(statement, statement.person);
  const verdict = allowedBy('decision_not_allowed', report, judgeDecision(change, wanted, Date.parse(time)));
  if (verdict === 'repeated') report('decision_not_awaited', 'this person had decided so before');
}

/** Whether what a decision shows is what its digest is of; what it does not show is nobody's claim. */
function isAsShown({ change, asked }: ChangeRecord, { input, snapshot }: EntryBody): boolean {
  const isSame = (shown: Json | undefined, json: string | undefined) =>
    shown === undefined || canonicalJson(shown) === json;
  return isSame(input, asked['input']) && isSame(snapshot, canonicalJson(change.snapshot));
}

/** Nobody is kept from deciding before decide-by. */
export function judgeExpired(
  { whole, change: { decideBy } }: ChangeRecord,
  { time }: Extract<ChangeEvent, { type: 'change.expired' }>,
  report: Report,
): void {
  if (!whole || Date.parse(time) >= Date.parse(decideBy) - tolerance) return;
  report('expired_early', `expired at ${time}, and people might decide until ${decideBy}`);
}

/** The escalation group of the policy is asked when its time has come, or when approvals have lapsed. */
export function judgeEscalated(
  { whole, change, askedSince }: ChangeRecord,
  { group, escalatedAt, time }: Escalated,
  report: Report,
): void {
  if (!whole) return;
  const { escalation } = change.policy;
  const due = escalation === null ? Infinity : Date.parse(askedSince ?? time) + escalation.afterMs;
  const isDue = askedSince === null || Date.parse(time) >= due - tolerance;
  if (
    escalation !== null &&
    isDue &&
    group === escalation.group &&
    escalatedAt === (change.escalatedAt ?? time)
  )
    return;
  report('escalation_not_due', `${JSON.stringify(group)} was asked, too, when the policy does not say so`);
}

/** A decision is taken back by whoever made it, while its stage is open. */
export function judgeTakenBack(
  record: ChangeRecord,
  { statement, time }: { readonly statement: Statement; readonly time: string },
  report: Report,
): void {
  if (!record.whole || !isPolicyKnown(record)) return;
  const refusal = refusalToTakeBack(record.change, statement.person, Date.parse(time));
  allowedBy('decision_not_allowed', report, refusal);
}

/** A change is scheduled when its decisions satisfy its policy, until when was asked for. */
export function judgeScheduled(record: ChangeRecord, event: Scheduled, report: Report): void {
  if (!record.whole) return;
  if (!isApproved(record)) {
    report('scheduled_without_approval', 'scheduled without the decisions that the policy asks for');
  }
  const { executeBy, executeAfter, breakGlass, standard } = scheduling(record.change, Date.parse(event.time));
  if (event.executeBy !== executeBy) {
    report('attempt_out_of_time', `scheduled until ${event.executeBy}; what was asked for is ${executeBy}`);
  }
  const isAsAsked = event.executeAfter === executeAfter && event.breakGlass === breakGlass;
  if (!isAsAsked || (isPolicyKnown(record) && event.standard !== standard))
    report('scheduled_otherwise', 'scheduled as something else than was asked for under this policy');
}

/** A review is owed, and signed by somebody who may. */
export function judgeReviewed({ change }: ChangeRecord, { person }: Statement, report: Report): void {
  const verdict = allowedBy('review_not_allowed', report, judgeReview(change, person));
  if (verdict === 'repeated') report('review_not_allowed', 'this person had signed the review before');
}

/** Whether a decision is by one more person than are followed. */
export function isOneTooMany({ change: { decisions } }: ChangeRecord, { statement }: Decided): boolean {
  return (
    decisions.length >= mostDeciders && !decisions.some(({ person }) => samePerson(person, statement.person))
  );
}

function isApproved(record: ChangeRecord): boolean {
  const { change, attested } = record;
  if (!isPolicyKnown(record)) return change.decisions.some((d) => d.counts && d.decision === 'approve');
  // Where nobody approves, the API's word that this person asked for just this is all there is.
  if (needsNobody(change) && !attested) return false;
  return decisionOutcome(change) === 'approved';
}

/** What a rule of the service has answered; null where it refuses, which is reported. */
function allowedBy<T>(code: Illogical, report: Report, judged: Judged<T>): T | null {
  if (!isRefused(judged)) return judged;
  report(code, `${judged.code}: ${judged.message}`);
  return null;
}

function sha256(text: string): string {
  return hash('sha256', text);
}
