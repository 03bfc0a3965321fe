import type { Change } from '../domain/change.ts';
import type { Implementation } from '../operations/implement.ts';
import { untilRecorded } from './activity-ref.ts';
import { makeAttemptLog, unsent } from './attempt-log.ts';
import type { ActivityRef, StartedAttempt } from './attempt-log.ts';
import type { makeBeforeCall } from './before-call.ts';
import type { CallResult } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { asFailure } from './failure.ts';

/** After how many ms of recording and sealing the checks are made again. */
const staleAfterMs = 1000;

/** A call that may be sent, or the result of the change without a call. */
export type Started = { readonly kind: 'started'; readonly begun: StartedAttempt } | CallResult;

/**
 * The second step of a gated call: the attempt is recorded and its entry sealed; when that took a while, everything is looked
 * at once more. What stops the call here is recorded as never sent, so the next try is another attempt.
 */
export function makeStartCall(
  deps: ActivityDependencies,
  look: ReturnType<typeof makeBeforeCall>['look'],
): (implementation: Implementation, change: Change, ref: ActivityRef) => Promise<Started> {
  const attempts = makeAttemptLog(deps);
  return async (implementation, change, ref) => {
    const since = performance.now();
    const begun = await asFailure(() => attempts.start(change, ref));
    const { started, entry } = begun;
    const giveUp = (why: string) => untilRecorded(() => attempts.end(change, ref, started, unsent(why)));
    try {
      await asFailure(() => deps.sealing.untilSealed(entry));
      await asFailure(() => attempts.assertCurrent(change, ref));
      if (performance.now() - since < staleAfterMs) return { kind: 'started', begun };
      const instead = await look(implementation, change);
      if (instead === null) return { kind: 'started', begun };
      await giveUp('the target changed before the call');
      return instead;
    } catch (error) {
      await giveUp(error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
}
