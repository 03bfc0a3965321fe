import { setTimeout as delay } from 'node:timers/promises';
import { log } from '@temporalio/activity';
import type { Change } from '../domain/change.ts';
import type { PrecheckResult } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { makePrecheck } from './precheck.ts';

/** How long a host's change waits for what is read of its target while it is opened, ms. */
const withinMs = 1000;
/** How many are read like that at once: a slow service may not keep the workflow tasks of a worker. */
const mostAtOnce = 5;

/**
 * Reads the target of a change in the step that opens it. Answers null where that takes too long or fails, or where the
 * operation has workers of its own: then the activity on the vendor's task queue reads, which Temporal repeats, and a
 * reading that is late writes nothing.
 */
export function makeReadAtOnce(
  deps: ActivityDependencies,
): (change: Change, ordinal: number) => Promise<PrecheckResult | null> {
  const precheck = makePrecheck(deps);
  let reading = 0;
  return async ({ id: changeId, operation }, ordinal) => {
    if (reading >= mostAtOnce || deps.operations.get(operation)?.taskQueue !== undefined) return null;
    reading += 1;
    let state = 'reading' as 'reading' | 'writing' | 'late';
    const isOver = new AbortController();
    const read = precheck({ changeId, ordinal }, () => {
      if (state === 'reading') state = 'writing';
      return state === 'writing';
    })
      .catch((error: unknown) => {
        log.debug('a target is not read at once', { error });
        return null;
      })
      .finally(() => {
        reading -= 1;
        isOver.abort();
      });
    await delay(withinMs, null, { signal: isOver.signal }).catch(() => undefined);
    // What is being written is waited for. Written later it could stand after what the next reading comes to, such as a refusal.
    if (state === 'reading' && !isOver.signal.aborted) {
      state = 'late';
      return null;
    }
    return await read;
  };
}
