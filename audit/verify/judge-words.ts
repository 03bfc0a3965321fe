import type { EntryBody } from '../../domain/entry.ts';
import { standingAfter, wordOf } from '../../domain/stop.ts';
import type { ChangeRecord } from './change-record.ts';
import { numberOf, objectOf } from './fields.ts';
import type { Report } from './problem.ts';
import { hasRole, isOfNobody, sameActor, statementOf } from './statement-of.ts';

/**
 * The record after a word to stop, or to go on after a pause, that the API wrote down: in the one order of words. What had
 * not begun then cannot be sent, except for the call that the word itself names as under way.
 */
export function withWord(record: ChangeRecord, body: EntryBody, report: Report): ChangeRecord {
  const statement = statementOf(body);
  const word = statement && wordOf(statement);
  if (word === null) return record;
  const { whole, words, change } = record;
  const { ordinal, callUnderWay } = objectOf(body.stop);
  if (whole && numberOf(ordinal) !== words.count + 1) {
    report('stop_out_of_order', `word ${JSON.stringify(ordinal)} to stop after word ${words.count}`);
  }
  const isRequesters = word === 'withdraw' && sameActor(body, change.requester);
  if (whole && word !== 'take_over' && !isRequesters && !hasRole(body, 'operator')) {
    report('not_by_operator', `${body.type} by somebody who may not`);
  }
  const after = standingAfter(words.standing, word);
  if (whole && !('standing' in after)) {
    report('stop_out_of_order', `${word} of a change that was ${words.standing}`);
  }
  const standing = 'standing' in after ? after.standing : words.standing;
  const next = { ...record, words: { count: words.count + 1, standing } };
  // What waits since before may begin now.
  if (standing === 'going') return { ...next, unsendable: [] };
  if (word === 'withdraw' || word === 'take_over') judgeBeforeCall(record, body, report);
  const waiting = change.calls.open.filter((one) => one !== callUnderWay);
  return { ...next, unsendable: [...new Set([...record.unsendable, ...waiting])] };
}

/** A change is withdrawn before its call, by its requester, an operator, or whoever takes over its target. */
export function judgeWithdrawn(record: ChangeRecord, body: EntryBody, report: Report): void {
  judgeBeforeCall(record, body, report);
  if (!record.whole || isOfNobody(body) || statementOf(body)?.kind === 'takeover') return;
  if (hasRole(body, 'operator') || sameActor(body, record.change.requester)) return;
  report('not_by_operator', 'withdrawn by neither its requester nor an operator');
}

/** A change is refused when its target is read, or by an admin's word who revokes its policy before any call. */
export function judgeRefused(record: ChangeRecord, body: EntryBody, report: Report): void {
  const { whole, change } = record;
  if (isRevocation(body)) {
    if (!hasRole(body, 'admin')) report('not_pending', `${body.type} by somebody who may not`);
    judgeBeforeCall(record, body, report);
  } else if (whole && change.digest !== null) {
    report('out_of_order', `${body.type} after the target had been read`);
  }
}

/** An operator moves what was approved once; an admin who revokes its policy abandons it. */
export function judgeExecutionWord(
  { whole, wasApproved }: ChangeRecord,
  body: EntryBody,
  report: Report,
): void {
  if (whole && !wasApproved) report('not_approved', `${body.type} of what was never approved`);
  if (isOfNobody(body) || hasRole(body, isRevocation(body) ? 'admin' : 'operator')) return;
  report('not_by_operator', `${body.type} by somebody who may not`);
}

function judgeBeforeCall({ change }: ChangeRecord, { type }: EntryBody, report: Report): void {
  if (change.calls.called) report('withdrawn_after_call', `${type} after a call had been made`);
}

function isRevocation(body: EntryBody): boolean {
  return statementOf(body)?.kind === 'revocation';
}
