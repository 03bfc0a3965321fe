import type { ChangeEvent } from '../../domain/change-event.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { evolve } from '../../domain/evolve.ts';
import { transitions } from '../../domain/lifecycle.ts';
import { isUncalledEnd } from '../../domain/status.ts';
import { isPolicyKnown, mayHaveCalled, recordFromMiddle, requestedRecord } from './change-record.ts';
import type { ChangeRecord, KnownPolicy } from './change-record.ts';
import { judgeCalled, judgeEnded, judgeStarted, mostOpen } from './judge-attempts.ts';
import {
  isAttested,
  isOneTooMany,
  judgeDecided,
  judgeEscalated,
  judgeExpired,
  judgeReviewed,
  judgeRound,
  judgeScheduled,
  judgeTakenBack,
  mostDeciders,
} from './judge-decisions.ts';
import { stringOf } from './fields.ts';
import { judgeEnd } from './judge-end.ts';
import { judgeOutcome } from './judge-outcome.ts';
import { judgeOrder } from './judge-order.ts';
import { judgeNames } from './judge-names.ts';
import { judgeAsked } from './judge-requests.ts';
import { judgeShownTicket, judgeTicketed, withTicket } from './judge-tickets.ts';
import { judgeExecutionWord, judgeRefused, judgeWithdrawn, withWord } from './judge-words.ts';
import type { Problem, Report } from './problem.ts';
import { readEvent } from './read-event.ts';
import { judgeStatement, statementOf } from './statement-of.ts';

/** A change as far as its entries were followed, and what is wrong with the last of them. */
export interface Followed {
  /** Null before the first entry that moves the change. */
  readonly record: ChangeRecord | null;
  readonly problems: readonly Problem[];
}

/**
 * Follows a change by one more entry, in the log's order. What the change becomes, `evolve` says; whether the entry may
 * follow, the table of transitions; what is signed, hashed and dated is judged beside it. An entry that may not follow is
 * reported and taken as it is told, so that it is not reported again with each that comes after it.
 *
 * @param record - null before the first entry
 * @param whole - whether the change's first entry must be among those looked at
 * @param policy - the policy that a change's first entry names, where an entry before has told it
 * @throws TypeError for an entry without the members of its type; then the change is as it was before
 */
export function follow(
  record: ChangeRecord | null,
  body: EntryBody,
  whole: boolean,
  policy?: KnownPolicy,
): Followed {
  const problems: Problem[] = [];
  const report: Report = (code, message) => void problems.push({ code, message });
  if (body.type === 'change.requested') {
    if (policy === undefined && whole)
      report('policy_not_pinned', 'no entry before has the policy that it names');
    return { record: requested(record, body, policy, report), problems };
  }
  const isWord = body.type === 'stop.requested' || body.type === 'stop.lifted';
  const isTicket = body.type === 'ticket.checked';
  // Any other entry mentions a change without moving it.
  const isEvent = Object.hasOwn(transitions, body.type);
  if (body.changeId === null || !(isWord || isTicket || isEvent)) return { record, problems };
  if (record === null && whole) report('not_requested', `${body.type} of a change that nobody asked for`);
  // Followed from here on as far as it can be, so that one missing entry is reported once.
  const before = record ?? recordFromMiddle(body);
  judgeNames(before, body, report);
  judgeStatement(body, report);
  const after = (isWord ? withWord : isTicket ? withTicket : withEvent)(before, body, report);
  keepStatement(after, body, report);
  return { record: after, problems };
}

/** The record that the first entry of a change begins. */
function requested(
  record: ChangeRecord | null,
  body: EntryBody,
  policy: KnownPolicy | undefined,
  report: Report,
): ChangeRecord {
  judgeStatement(body, report);
  if (record) {
    report('requested_twice', 'the change was requested before');
    return record;
  }
  const first = requestedRecord(body, policy);
  judgeAsked(first, body, report);
  if (!isPolicyKnown(first)) return first;
  judgeNames(first, body, report);
  return { ...first, attested: isAttested(first, body, report) };
}

function withEvent(record: ChangeRecord, body: EntryBody, report: Report): ChangeRecord {
  const event = readEvent(body);
  if (event === null || isBeyondLimit(record, event, report)) return record;
  const change = evolve(record.change, event);
  const isInOrder = judgeOrder(record, event.type, change, report);
  judgeEvent(record, event, body, isInOrder, report);
  return noted({ ...record, change }, event);
}

/** What a signature, a digest, a role or a time says of an event. What only the open phase has is not asked out of order. */
function judgeEvent(
  record: ChangeRecord,
  event: ChangeEvent,
  body: EntryBody,
  isInOrder: boolean,
  report: Report,
): void {
  switch (event.type) {
    case 'change.prechecked':
      if (isInOrder) judgeRound(record, event, report);
      judgeShownTicket(record, report);
      break;
    case 'decision.approved':
    case 'decision.rejected':
      if (isInOrder) judgeDecided(record, event, body, report);
      break;
    case 'decision.withdrawn':
      if (isInOrder) judgeTakenBack(record, event, report);
      break;
    case 'decision.lapsed':
      if (record.whole && record.change.calls.called) report('not_approved', 'approvals lapsed after a call');
      break;
    case 'change.scheduled':
      judgeScheduled(record, event, report);
      break;
    case 'change.drifted':
    case 'change.held':
      judgeCalled(record, event, report);
      break;
    case 'change.withdrawn':
      judgeWithdrawn(record, body, report);
      break;
    case 'change.refused':
      if (isInOrder) judgeRefused(record, body, report);
      break;
    case 'change.paused':
    case 'change.resumed':
    case 'change.retried':
    case 'change.abandoned':
      judgeExecutionWord(record, body, report);
      break;
    case 'change.reconciled':
      if (record.whole && !mayHaveCalled(record.change)) {
        report('closed_otherwise', 'reconciled without any attempt that may have been sent');
      }
      break;
    case 'attempt.started':
      judgeStarted(record, event, body, report);
      judgeTicketed(record, event, report);
      break;
    case 'attempt.succeeded':
    case 'attempt.failed':
    case 'attempt.unknown':
      judgeEnded(record, event, body, report);
      break;
    case 'review.signed':
      if (isInOrder) judgeReviewed(record, event.statement, report);
      break;
    case 'change.closed':
      if (isInOrder) judgeEnd(record, event, report);
      if (isInOrder) judgeOutcome(record, event, report);
      break;
    case 'change.escalated':
      if (isInOrder) judgeEscalated(record, event, report);
      break;
    case 'change.expired':
      if (isInOrder) judgeExpired(record, event, report);
      break;
    case 'change.requested':
    case 'change.reminded':
      break;
  }
}

/** What only a verifier keeps of an event. @param record - with the change as the event made it */
function noted(record: ChangeRecord, event: ChangeEvent): ChangeRecord {
  const { change, words, unsendable, ended } = record;
  switch (event.type) {
    case 'change.prechecked':
      return { ...unshown(record), askedSince: event.round === 1 ? change.submittedAt : event.time };
    case 'decision.lapsed':
      return { ...record, askedSince: null };
    case 'change.scheduled':
      return { ...unticketed(record), wasApproved: true };
    case 'attempt.started':
      if (words.standing === 'going') return unticketed(record);
      return { ...unticketed(record), unsendable: [...unsendable, event.attempt.ordinal] };
    case 'attempt.succeeded':
    case 'attempt.failed':
    case 'attempt.unknown': {
      const { ordinal, requestId } = event.attempt;
      const succeeded = event.type === 'attempt.succeeded';
      // The first answer counts: a second one is reported.
      if (!ended.has(ordinal))
        ended.set(ordinal, { succeeded, requestId: stringOf(requestId), time: event.time });
      return { ...unticketed(record), unsendable: unsendable.filter((one) => one !== ordinal) };
    }
    case 'change.reconciled':
      return { ...record, reconciled: true };
    case 'change.closed':
      // Closed as never called: what is open then was not sent.
      return isUncalledEnd(event.executionStatus) ? { ...record, unsendable: change.calls.open } : record;
    default:
      return record;
  }
}

/** Nor is what was read before people were asked of any use to the next round. */
function unshown(record: ChangeRecord): ChangeRecord {
  const { ticket } = record;
  return ticket.isShown ? { ...record, ticket: { ...ticket, isShown: false } } : record;
}

/** What was read of the ticket before is of no use to the next attempt. */
function unticketed(record: ChangeRecord): ChangeRecord {
  const { ticket } = record;
  return ticket.rightAt === null ? record : { ...record, ticket: { ...ticket, rightAt: null } };
}

/** Of one change so much is followed that a forged log takes no more time than its length. */
function isBeyondLimit(record: ChangeRecord, event: ChangeEvent, report: Report): boolean {
  switch (event.type) {
    case 'decision.approved':
    case 'decision.rejected':
      if (!isOneTooMany(record, event)) return false;
      report('decision_not_allowed', `more than ${mostDeciders} people have decided the change`);
      return true;
    case 'attempt.started':
      if (record.change.calls.open.length < mostOpen) return false;
      report('attempt_out_of_order', `more than ${mostOpen} attempts are open at once`);
      return true;
    default:
      return false;
  }
}

/** What a person said stands behind one entry of a type: whoever kept it may bring it again after it was taken back. */
function keepStatement({ statements }: ChangeRecord, body: EntryBody, report: Report): void {
  const statement = statementOf(body);
  if (statement === null) return;
  const { person, action, digest, at } = statement;
  const key = JSON.stringify([body.type, person.issuer, person.subject, action, digest, at]);
  if (statements.has(key)) {
    report('statement_repeated', `${body.type} by a word of ${at} that stands behind an earlier entry`);
  }
  statements.add(key);
}
