import { activityInfo, sleep } from '@temporalio/activity';
import { isInDoubt, mayHaveBeenSent } from '../domain/attempt.ts';
import type { Change } from '../domain/change.ts';
import type { Implementation } from '../operations/implement.ts';
import { listAttempts } from '../store/list-attempts.ts';
import { activityRef, withHeartbeats } from './activity-ref.ts';
import { makeAttemptLog } from './attempt-log.ts';
import type { VendorActivities } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { asFailure } from './failure.ts';
import { implementationFor } from './implementation-for.ts';
import { readLoggedChange } from './logged-change.ts';
import { isOwnEffect } from './own-effect.ts';
import { readTarget } from './read-target.ts';
import { changeWorkflow } from './write-events.ts';

/** How often the target is read before it counts as unreadable. */
const reads = 3;
/** How often a worker without the change's operation leaves the change to another one. */
const handovers = 5;

/** The activity that reads the target at the end of a change whose call was cut short. */
export function makeSettle(deps: ActivityDependencies): VendorActivities['settle'] {
  const attempts = makeAttemptLog(deps);
  return ({ changeId }) =>
    withHeartbeats(async () => {
      changeWorkflow(changeId);
      const { change } = await asFailure(() => readLoggedChange(deps.pool, changeId));
      await asFailure(() => attempts.endLost(change, activityRef()));
      const made = (await listAttempts(deps.pool, change.id)).filter(mayHaveBeenSent);
      const implementation = made.length === 0 ? null : implementationOrNull(deps, change);
      const last = made.findLast((a) => a.outcome !== 'succeeded');
      return {
        attempts: made.length,
        achieved: implementation && (await isAchieved(implementation, change)),
        doubt: made.some(isInDoubt),
        last: last
          ? { code: last.code ?? 'unknown', message: last.message ?? '', requestId: last.requestId }
          : null,
      };
    });
}

/** Null when no worker has the change's operation: the change must still reach its end. */
function implementationOrNull(deps: ActivityDependencies, change: Change): Implementation | null {
  try {
    return implementationFor(deps, change);
  } catch (error) {
    if (activityInfo().attempt <= handovers) throw error;
    return null;
  }
}

/**
 * Whether the target is as the operation leaves it. Null when that cannot be told: it could not be read, the definition
 * cannot say, or it is as the call leaves it and otherwise not as it was approved, so that it may be somebody else's doing.
 */
async function isAchieved(implementation: Implementation, change: Change): Promise<boolean | null> {
  for (let tries = 0; tries < reads; tries += 1) {
    if (tries > 0) await sleep(1000 * tries);
    const answer = await readTarget(implementation, change);
    if (!answer.ok) continue;
    const { operation } = implementation;
    try {
      if (isOwnEffect(operation, change, answer.snapshot)) return true;
      return operation.achieved(answer.snapshot) ? null : false;
    } catch {
      return null;
    }
  }
  return null;
}
