import { notSent } from '../../domain/attempt.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { isoTime } from '../../domain/time.ts';
import { numberOf, objectOf } from './fields.ts';
import { tolerance } from './life.ts';
import type { Life } from './life.ts';
import type { Report } from './problem.ts';

/** An attempt begins: only what is approved, as it was approved, in time, and one after another. */
export function attempted(life: Life, body: EntryBody, report: Report): Life {
  const ordinal = ordinalOf(body);
  if (life.whole) {
    if (life.status !== 'approved') {
      report('attempt_without_approval', `attempt ${ordinal} of what was ${life.status}`);
    } else if (body.digest !== life.digest) {
      report('digest_differs', `attempt ${ordinal} under another digest than the approved one`);
    } else if (life.executeBy !== null && body.time > isoTime(Date.parse(life.executeBy) + tolerance)) {
      report('attempt_out_of_time', `attempt ${ordinal} after execute-by, ${life.executeBy}`);
    }
    if (ordinal !== (life.started.at(-1) ?? 0) + 1) {
      report('attempt_out_of_order', `attempt ${ordinal} after attempt ${life.started.at(-1) ?? 0}`);
    }
  }
  const stoppedAttempts =
    life.standing === 'going' ? life.stoppedAttempts : [...life.stoppedAttempts, ordinal];
  return { ...life, started: [...life.started, ordinal], stoppedAttempts };
}

/** An attempt has ended: once, and only what was started. */
export function answered(life: Life, body: EntryBody, report: Report): Life {
  const ordinal = ordinalOf(body);
  if (life.ended.includes(ordinal)) report('attempt_ended_twice', `attempt ${ordinal} had ended before`);
  else if (life.whole && !life.started.includes(ordinal)) {
    report('attempt_not_started', `attempt ${ordinal} ended and was not started`);
  }
  const succeeded = life.succeeded || body.type === 'attempt.succeeded';
  const { code } = objectOf(body.attempt);
  const sent = !(body.type === 'attempt.failed' && code === notSent);
  if (sent && life.stoppedAttempts.includes(ordinal)) {
    report('called_after_stop', `attempt ${ordinal} was sent after the change had been stopped`);
  }
  const unsent = sent ? life.unsent : [...life.unsent, ordinal];
  return { ...life, ended: [...life.ended, ordinal], unsent, succeeded };
}

/** Whether anything may have reached the vendor. */
export function isCalled({ started, unsent }: Life): boolean {
  return started.some((ordinal) => !unsent.includes(ordinal));
}

function ordinalOf(body: EntryBody): number {
  return numberOf(objectOf(body.attempt).ordinal);
}
