import { isCancellation, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { LogActivities, NumberedEvent, VendorActivities } from '../activities/contract.ts';
import type { ChangeEvent } from '../domain/change-event.ts';
import { endOfSettlement, endWithoutCall } from '../domain/end.ts';
import type { End } from '../domain/end.ts';
import { callQueueOf } from '../domain/installation.ts';
import type { ChangeContext } from './change-context.ts';
import { recordOptions } from './record-options.ts';

type Closing = Pick<LogActivities, 'closeChange'>;
const here = proxyLocalActivities<Closing>({
  startToCloseTimeout: '5 seconds',
  retry: { maximumAttempts: 1 },
});
const anywhere = proxyActivities<Closing>(recordOptions);

/** Closes a change that no call decides any more: it was rejected, refused or stopped, or nobody decided in time. */
export async function end(context: ChangeContext): Promise<void> {
  const { reason } = context.change;
  const why = reason ?? {
    code: 'internal_error',
    message: 'the change ends for no known reason',
    requestId: null,
  };
  await close(context, await settled(context, why));
}

/** The end of a change that makes no further call: where one may have been made, the target shows what it did. */
export async function settled(context: ChangeContext, why: End['outcome']): Promise<End> {
  if (!context.mayHaveCalled && !context.change.calls.called) return endWithoutCall(context.change, why);
  const { settle } = proxyActivities<Pick<VendorActivities, 'settle'>>({
    taskQueue: callQueueOf(workflowInfo().taskQueue),
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '15 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  });
  const settlement = await settle({ changeId: context.change.id });
  return endOfSettlement(context.change, why, settlement);
}

/**
 * The change's last write. Where Postgres answers, it is a part of this workflow task, which saves Temporal an activity and
 * another task; otherwise an ordinary activity, which may be repeated for days without the history growing. A task that was
 * lost after the write makes it anew, with a later time: what was written first stands, and is answered.
 */
export async function close(context: ChangeContext, end: End): Promise<void> {
  const changeId = context.change.id;
  await context.close({ kind: 'close', end }, (events) => write({ changeId, events }));
}

async function write(input: {
  readonly changeId: string;
  readonly events: readonly NumberedEvent[];
}): Promise<ChangeEvent | null> {
  try {
    return await here.closeChange(input);
  } catch (error) {
    // A local activity's own failure comes as it was thrown, only its time-out as an ActivityFailure.
    if (isCancellation(error)) throw error;
    return await anywhere.closeChange(input);
  }
}
