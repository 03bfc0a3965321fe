import type { Attempt, Change } from '../domain/change.ts';
import { countAttempts } from '../store/count-attempts.ts';
import { untilRecorded } from './activity-ref.ts';
import { makeAttemptLog } from './attempt-log.ts';
import type { ActivityRef, AttemptResult } from './attempt-log.ts';
import { failureOf } from './call-failure.ts';
import type { CallResult } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * The last step of a gated call: records and classifies its answer.
 *
 * @throws ApplicationFailure of the fault's class, which Temporal's retry policy acts on
 */
export function makeEndCall(
  deps: ActivityDependencies,
): (change: Change, ref: ActivityRef, started: Attempt, answer: AttemptResult) => Promise<CallResult> {
  const { pool, doubtfulLimit = 5 } = deps;
  const attempts = makeAttemptLog(deps);
  return async (change, ref, started, answer) => {
    // The answer exists nowhere else: it is offered to the log until the log has it or this activity's time is up.
    await untilRecorded(() => attempts.end(change, ref, started, answer));
    if (answer.ok)
      return { kind: 'succeeded', requestId: answer.requestId, reconciled: false, output: answer.output };
    const exhausted =
      answer.class === 'doubtful' && (await countAttempts(pool, change.id, 'doubtful')) >= doubtfulLimit;
    throw failureOf(answer, exhausted);
  };
}
