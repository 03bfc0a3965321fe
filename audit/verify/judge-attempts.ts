import { notSent } from '../../domain/attempt.ts';
import type { ChangeEvent } from '../../domain/change-event.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import { outsideOfClocks } from '../../domain/scheduling.ts';
import { tolerance } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { objectOf } from './fields.ts';
import type { Report } from './problem.ts';

type Started = Extract<ChangeEvent, { type: 'attempt.started' }>;
type Ended = Extract<ChangeEvent, { type: 'attempt.succeeded' | 'attempt.failed' | 'attempt.unknown' }>;

/** Most attempts of one change that are open at once; only workers that are lost at the same time leave more than one. */
export const mostOpen = 100;

/**
 * An attempt begins under the approved digest, in time, after it was approved, and one after another. That it is approved, the
 * table says; when, the API has signed, so no clock of a worker moves a call to before that.
 */
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
  const since = approvedSince(change);
  if (!(Date.parse(time) >= Date.parse(since) - tolerance)) {
    report('attempt_out_of_time', `attempt ${ordinal} at ${time}, and people agreed until ${since}`);
  }
  if (ordinal !== calls.started + 1) {
    report('attempt_out_of_order', `attempt ${ordinal} after attempt ${calls.started}`);
  } else if (calls.succeeded) {
    report('attempt_out_of_order', `attempt ${ordinal} after one that had succeeded`);
  }
}

/** When the last of those who have agreed said so, or the change was asked for where nobody is asked, ISO 8601. */
function approvedSince({ decisions, submittedAt }: ChangeRecord['change']): string {
  return decisions.reduce((last, { counts, at }) => (counts && at > last ? at : last), submittedAt);
}

/** An attempt ends once, as its answer says, and was started; one that could not be sent any more was not. */
export function judgeEnded(
  { whole, change, ended, unsendable }: ChangeRecord,
  event: Ended,
  body: EntryBody,
  report: Report,
): void {
  const { ordinal } = event.attempt;
  const differs = answerDifference(event.type, objectOf(body.attempt));
  if (differs !== null) report('answer_differs', `${event.type} of attempt ${ordinal} with ${differs}`);
  if (ended.has(ordinal)) report('attempt_ended_twice', `attempt ${ordinal} had ended before`);
  else if (whole && !change.calls.open.includes(ordinal)) {
    report('attempt_not_started', `attempt ${ordinal} ended and was not started`);
  }
  if (isSentEnd(event.type, objectOf(body.attempt)) && unsendable.includes(ordinal)) {
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

/** Whether an attempt ended as one whose call may have left. What has an answer did, whatever its code says. */
export function isSentEnd(type: EventType, attempt: JsonObject): boolean {
  return !(type === 'attempt.failed' && attempt['code'] === notSent) || isAnswered(attempt);
}

/** What of an attempt's end its answer contradicts; null where nothing does. */
function answerDifference(type: Ended['type'], attempt: JsonObject): string | null {
  const { code, httpStatus = null } = attempt;
  if (code === notSent && type !== 'attempt.failed') return `the code ${notSent}`;
  if (code === notSent && isAnswered(attempt)) return `the code ${notSent} and an answer`;
  const isRight = httpStatus === null || (typeof httpStatus === 'number' && httpStatus < 300);
  if (type === 'attempt.succeeded' && !isRight) return `HTTP status ${JSON.stringify(httpStatus)}`;
  return null;
}

function isAnswered({ requestId = null, httpStatus = null }: JsonObject): boolean {
  return requestId !== null || httpStatus !== null;
}
