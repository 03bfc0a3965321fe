import type { ChangeView } from '../../answers.ts';
import type { Formats } from '../../formats.ts';
import { seatsText } from '../../seats.ts';
import type { Words } from '../../words/en.ts';

/** Where a change stands and whom or what it waits for, in a sentence. @param now - ms since 1970 */
export function standingOf(change: ChangeView, words: Words, formats: Formats, now: number): string {
  const say = words.standing;
  const { decisionStatus, executionStatus, digest, decideBy, missing, waitsFor, outcome, stop } = change;
  if (change.closedAt !== null) return endOf(change, words);
  if (executionStatus === 'paused') return say.paused(stop?.by.name ?? '');
  if (decisionStatus === 'pending') {
    if (digest === null) return waitsFor ? say.ticketUnread : say.reading;
    const seats = seatsText(words, missing);
    return now >= Date.parse(decideBy)
      ? say.decideByPassed
      : say.awaiting(seats, formats.relative(decideBy, now));
  }
  if (change.callUnderWay) return say.calling(change.callUnderWay.attempt);
  if (waitsFor) {
    const until = waitsFor.until === null ? null : formats.moment(waitsFor.until);
    return say.held[waitsFor.kind](until);
  }
  if (change.executeAfter !== null && now < Date.parse(change.executeAfter)) {
    return say.later(formats.moment(change.executeAfter));
  }
  if (executionStatus === 'running') return say.between(change.attempts.length);
  return outcome === null ? say.starting : endOf(change, words);
}

function endOf({ outcome, decisionStatus, executionStatus }: ChangeView, words: Words): string {
  const status =
    executionStatus === 'not_started'
      ? words.decisionStatus[decisionStatus]
      : words.executionStatus[executionStatus];
  return outcome?.reconciled ? words.standing.endedReconciled(status) : words.standing.ended(status);
}
