import { ApplicationFailure } from '@temporalio/common';
import type { KeyedHost } from '../domain/host.ts';
import { activityRef, untilRecorded, withHeartbeats } from './activity-ref.ts';
import { makeAttemptLog } from './attempt-log.ts';
import { makeBeforeCall } from './before-call.ts';
import type { CallResult, GatedCall } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { makeEndCall } from './end-call.ts';
import { asFailure } from './failure.ts';
import { assertTarget, implementationFor } from './implementation-for.ts';
import { tellingDoubt } from './in-doubt.ts';
import { readLoggedChange } from './logged-change.ts';
import { assertNotCancelled, makeSendCall } from './send-call.ts';
import { makeStartCall } from './start-call.ts';
import { changeWorkflow } from './write-events.ts';

/**
 * The gated call, written once for all operations: before, start, send, end. Nothing here repeats a call: Temporal's retry
 * policy does.
 *
 * @returns makes the activity of an operation, which is registered under the operation's own name
 */
export function makeGatedCall(deps: ActivityDependencies): (operation: string) => GatedCall {
  const beforeCall = makeBeforeCall(deps);
  const start = makeStartCall(deps, beforeCall.look);
  const send = makeSendCall(deps);
  const end = makeEndCall(deps);
  const attempts = makeAttemptLog(deps);
  return (operation) =>
    ({ changeId, host = null }) =>
      withHeartbeats(async () => {
        changeWorkflow(changeId);
        return await tellingDoubt(deps.pool, changeId, () => gated(operation, changeId, host));
      });

  async function gated(operation: string, changeId: string, host: KeyedHost | null): Promise<CallResult> {
    const logged = await asFailure(() => readLoggedChange(deps.pool, changeId));
    const { change } = logged;
    if (change.operation !== operation) {
      const message = `the activity ${operation} makes no call of ${change.operation}`;
      throw ApplicationFailure.nonRetryable(message, 'invalid_request');
    }
    const ref = activityRef();
    const implementation = implementationFor(deps, change);
    assertTarget(deps, change);
    const instead = await beforeCall.before(implementation, logged, ref, host);
    if (instead !== null) return instead;
    assertNotCancelled();
    const outcome = await start(implementation, change, ref);
    if (outcome.kind !== 'started') return outcome;
    const { started } = outcome.begun;
    const { answer, blocked } = await send(implementation, change, ref, started);
    if (blocked === null) return await end(change, ref, started, answer);
    await untilRecorded(() => attempts.end(change, ref, started, answer));
    return blocked;
  }
}
