import type { EntryBody } from '../../domain/entry.ts';
import { standingAfter, wordOf } from '../../domain/stop.ts';
import { numberOf, objectOf } from './fields.ts';
import type { Life } from './life.ts';
import type { Report } from './problem.ts';
import { statementOf } from './statement-of.ts';

/**
 * A word to stop, or to go on after a pause: in the one order of words. What had not begun then cannot have been sent, except
 * for the call that the word itself names as under way.
 */
export function stopped(life: Life, body: EntryBody, report: Report): Life {
  const statement = statementOf(body);
  const word = statement && wordOf(statement);
  if (word === null) return life;
  const { ordinal, callUnderWay } = objectOf(body.stop);
  if (life.whole && numberOf(ordinal ?? null) !== life.stopWords + 1) {
    report('stop_out_of_order', `word ${JSON.stringify(ordinal)} to stop after word ${life.stopWords}`);
  }
  const after = standingAfter(life.standing, word);
  if (life.whole && !('standing' in after)) {
    report('stop_out_of_order', `${word} of a change that was ${life.standing}`);
  }
  const standing = 'standing' in after ? after.standing : life.standing;
  const stopWords = life.stopWords + 1;
  if (standing === 'going') {
    // What waits since before may begin now.
    const stoppedAttempts = life.stoppedAttempts.filter((one) => life.ended.includes(one));
    return { ...life, standing, stopWords, stoppedAttempts };
  }
  if (word === 'withdraw' || word === 'take_over') {
    if (hasCalled(life)) report('withdrawn_after_call', 'withdrawn after its call had begun');
  }
  const waiting = life.started.filter((one) => !life.ended.includes(one) && one !== callUnderWay);
  return { ...life, standing, stopWords, stoppedAttempts: [...life.stoppedAttempts, ...waiting] };
}

/** Whether a call was surely made: an attempt has ended, and not as never sent. */
export function hasCalled({ ended, unsent }: Life): boolean {
  return ended.some((ordinal) => !unsent.includes(ordinal));
}
