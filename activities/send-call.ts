import { cancellationSignal, CancelledFailure } from '@temporalio/activity';
import type { Attempt, Change } from '../domain/change.ts';
import { fault } from '../domain/fault.ts';
import type { Fault } from '../domain/fault.ts';
import type { Implementation, PreparedCall } from '../operations/implement.ts';
import { answerWithin } from './answer-or.ts';
import { untilRecorded } from './activity-ref.ts';
import { makeAttemptLog, unsent } from './attempt-log.ts';
import type { ActivityRef, AttemptResult } from './attempt-log.ts';
import { makeBeginCall } from './begin-call.ts';
import type { NotBegun } from './begin-call.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Longest time from the last check to a call that has its key and its slot, ms. */
const sendWithinMs = 5000;
/** Longest wait for an answer, ms: above every deadline that a driver can be given, so that none keeps a change for ever. */
const answerWithinMs = 150_000;

/** The result of a started attempt; `blocked` when its call did not begin, at the last moment. */
export interface Sent {
  readonly answer: AttemptResult;
  readonly blocked: NotBegun | null;
}

/** The call itself, by a driver of this worker: prepared, marked as sent, sent. */
export function makeSendCall(
  deps: ActivityDependencies,
): (implementation: Implementation, change: Change, ref: ActivityRef, started: Attempt) => Promise<Sent> {
  const attempts = makeAttemptLog(deps);
  const begin = makeBeginCall(deps);

  /** All steps before the request is sent. An error of this part is recorded as never sent. */
  async function untilMarked(
    implementation: Implementation,
    change: Change,
    started: Attempt,
    waiting: AbortController,
  ): Promise<PreparedCall | Sent> {
    // When the call leaves, the last check must be recent, and execute-by must not have passed.
    const notAfter = Math.min(Date.now() + sendWithinMs, Date.parse(change.executeBy ?? '') || Infinity);
    const heldUp = () => (Date.now() > notAfter ? unsent('held up for too long before the sending') : null);
    // The call itself has the same signal: it is aborted only once nobody waits for the step that is under way.
    const context = { changeId: change.id, notAfter, signal: waiting.signal };
    const prepared = await answerWithin<PreparedCall | Fault>(
      waiting,
      // What comes later is not sent, so nobody waits for it.
      Math.max(0, notAfter - Date.now()),
      implementation.prepare(change.input, context),
      () => unsent('not prepared in time'),
    );
    assertNotCancelled();
    if (typeof prepared !== 'function') return { answer: prepared, blocked: null };
    const late = heldUp();
    if (late !== null) return { answer: late, blocked: null };
    const blocked = await begin(change, started);
    if (blocked !== null) return { answer: unsent('stopped right before the sending'), blocked };
    const tooLate = heldUp();
    return tooLate === null ? prepared : { answer: tooLate, blocked: null };
  }

  return async (implementation, change, ref, started) => {
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    const cancelled = cancellationSignal();
    cancelled.addEventListener('abort', stop);
    let send: PreparedCall | Sent;
    try {
      send = await untilMarked(implementation, change, started, waiting);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      await untilRecorded(() => attempts.end(change, ref, started, unsent(why)));
      throw error;
    } finally {
      // After this point a cancellation waits for the answer.
      cancelled.removeEventListener('abort', stop);
    }
    if (typeof send !== 'function') return send;
    const answer = await answerWithin<AttemptResult>(waiting, answerWithinMs, send(), () =>
      fault('unknown', 'timeout', `the call gave no answer within ${answerWithinMs} ms`),
    );
    return { answer, blocked: null };
  };
}

/** Whether the workflow no longer waits for the call: it heard a word to stop, or execute-by has passed. */
export function assertNotCancelled(): void {
  if (cancellationSignal().aborted) throw new CancelledFailure('the call was cancelled before it began');
}
