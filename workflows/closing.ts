import { isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { LogActivities } from '../activities/contract.ts';
import type { Change } from '../domain/change.ts';
import { closed } from '../domain/change-state.ts';
import { workerActor } from '../domain/entry.ts';
import { recordOptions } from './record-options.ts';
import type { Ended, Run } from './run.ts';

type Closing = Pick<LogActivities, 'closeChange'>;

const here = proxyLocalActivities<Closing>({
  startToCloseTimeout: '5 seconds',
  retry: { maximumAttempts: 1 },
});
const anywhere = proxyActivities<Closing>(recordOptions);

/**
 * The change's last write. Where Postgres answers, it is a part of this workflow task, which saves Temporal an activity and
 * another task; else an ordinary activity, which may be repeated for days without the history growing. A task that was
 * lost after the write makes it anew, with a later time: what was written first stands, and is answered.
 */
export async function close(run: Run, end: Ended): Promise<Change> {
  const change = closed(run.change, end, Date.now());
  // From here on it has ended: what is asked for while this is written is refused.
  run.change = change;
  const { decisionStatus, executionStatus, outcome } = change;
  const recording = {
    change,
    entries: [
      ...(end.tells ?? []).map(({ type, members }) => run.entry(change, type, workerActor, members)),
      run.entry(change, 'change.closed', workerActor, {
        decisionStatus,
        executionStatus,
        outcome: { ...outcome },
      }),
    ],
  };
  try {
    return (await here.closeChange(recording)) ?? change;
  } catch (error) {
    // A local activity's own failure comes as it was thrown, only its time-out as an ActivityFailure.
    if (isCancellation(error)) throw error;
    return (await anywhere.closeChange(recording)) ?? change;
  }
}
