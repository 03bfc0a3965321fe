import { notSent } from '../../domain/attempt.ts';
import type { ChangeEvent } from '../../domain/change-event.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import { outsideOfClocks } from '../../domain/scheduling.ts';
import { tolerance } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import type { Report } from './problem.ts';

type Started = Extract<ChangeEvent, { type: 'attempt.started' }>;
type Ended = Extract<ChangeEvent, { type: 'attempt.succeeded' | 'attempt.failed' | 'attempt.unknown' }>;

/** Most attempts of one change that are open at once; only workers that are lost at the same time leave more than one. */
export const mostOpen = 100;

/** An attempt begins under the approved digest, in time, and one after another. That it is approved, the table says. */
export function judgeStarted(
  { whole, change }: ChangeRecord,
  { attempt: { ordinal }, time }: Started,
  { digest }: EntryBody,
  report: Report,
): void {
  if (!whole) return;
  const { executeAfter, executeBy, calls } = change;
  const outside = outsideOfClocks(change, Date.parse(time), tolerance);
  if (digest !== change.digest) {
    report('digest_differs', `attempt ${ordinal} under another digest than the approved one`);
  } else if (outside !== null) {
    const limit =
      outside === 'late' ? `after execute-by, ${executeBy}` : `before execute-after, ${executeAfter}`;
    report('attempt_out_of_time', `attempt ${ordinal} at ${time}, ${limit}`);
  }
  if (ordinal !== calls.started + 1) {
    report('attempt_out_of_order', `attempt ${ordinal} after attempt ${calls.started}`);
  } else if (calls.succeeded) {
    report('attempt_out_of_order', `attempt ${ordinal} after one that had succeeded`);
  }
}

/** An attempt ends once, and was started; one that could not be sent any more was not. */
export function judgeEnded(
  { whole, change, ended, unsendable }: ChangeRecord,
  event: Ended,
  report: Report,
): void {
  const { ordinal } = event.attempt;
  if (ended.has(ordinal)) report('attempt_ended_twice', `attempt ${ordinal} had ended before`);
  else if (whole && !change.calls.open.includes(ordinal)) {
    report('attempt_not_started', `attempt ${ordinal} ended and was not started`);
  }
  if (isSentEnd(event.type, event.attempt.code) && unsendable.includes(ordinal)) {
    report('called_after_stop', `attempt ${ordinal} was sent after the change had been stopped`);
  }
}

/** That a call was made is told only where an attempt was. */
export function judgeCalled(
  { whole, change }: ChangeRecord,
  { type, called }: Extract<ChangeEvent, { called: boolean }>,
  report: Report,
): void {
  if (whole && called && change.calls.started === 0) {
    report('attempt_not_started', `${type} tells of a call, and no attempt was started`);
  }
}

/** Whether an attempt ended as one whose call may have left. */
export function isSentEnd(type: EventType, code: unknown): boolean {
  return !(type === 'attempt.failed' && code === notSent);
}
