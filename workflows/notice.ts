import { ParentClosePolicy, proxyActivities, startChild, workflowInfo } from '@temporalio/workflow';
import type { NoticeActivities, NoticeInput } from '../activities/contract.ts';
import { workerActor } from '../domain/entry.ts';
import { noticeMembers } from '../domain/notice.ts';
import type { NoticeKind } from '../domain/notice.ts';
import type { Run } from './run.ts';

const { notify } = proxyActivities<NoticeActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '24 hours',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 minutes' },
});

/**
 * Delivers one notice, for a day at most. A workflow of its own: a receiver that fails delays no change, and a change that
 * has ended can still be told of.
 *
 * @throws ApplicationFailure `not_delivered` when the receiver took it at no time
 */
export function notice(input: NoticeInput): Promise<void> {
  return notify(input);
}

/** Has people told of the change as it is now; returns as soon as the delivery is on its way. */
export async function tell(run: Run, kind: NoticeKind): Promise<void> {
  if (!run.notifies) return;
  const { change } = run;
  const entry = run.entry(change, 'notification.sent', workerActor, {
    notification: noticeMembers(kind, change),
  });
  run.told += 1;
  await startChild(notice, {
    // A workflow that was reset tells again; the message's id is the same, so receivers know.
    workflowId: `notice-${change.id}-${run.told}-${workflowInfo().runId}`,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    args: [{ kind, change, entry }],
  });
}
