import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { Change } from '../domain/change.ts';
import { fault } from '../domain/fault.ts';
import type { Fault } from '../domain/fault.ts';
import type { Implementation, ReadAnswer } from '../operations/implement.ts';
import { failureOf } from './call-failure.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { answerOr } from './answer-or.ts';

/** Longest wait for a read, ms: the activity that reads first has 30 s. */
const readWithinMs = 25_000;

/** One read of a change's target. A driver that does not answer in time has read nothing. */
export function readTarget(implementation: Implementation, change: Change): Promise<ReadAnswer | Fault> {
  const signal = AbortSignal.any([cancellationSignal(), AbortSignal.timeout(readWithinMs)]);
  const context = { changeId: change.id, notAfter: Date.now() + readWithinMs, signal };
  return answerOr(signal, implementation.read(change.input, context), () =>
    fault('transient', 'timeout', `the read gave no answer within ${readWithinMs} ms`),
  );
}

/** Reads a target, or fails as the fault's class says. */
export function makeReadOrFail({ doubtfulLimit = 5 }: Pick<ActivityDependencies, 'doubtfulLimit'>) {
  return async (implementation: Implementation, change: Change, wasCalled: boolean): Promise<ReadAnswer> => {
    const answer = await readTarget(implementation, change);
    if (answer.ok) return answer;
    // After a call, a read that is refused must not end the change: what the call did is then not known.
    if (wasCalled && answer.class !== 'throttled') throw failureOf({ ...answer, class: 'transient' }, false);
    throw failureOf(answer, answer.class === 'doubtful' && activityInfo().attempt >= doubtfulLimit);
  };
}
