import {
  condition,
  log,
  ParentClosePolicy,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { NoticeActivities, NoticeInput } from '../activities/contract.ts';
import { noticedOf, noticeMembers } from '../domain/notice.ts';
import type { NoticeKind } from '../domain/notice.ts';
import { isoTime } from '../domain/time.ts';
import type { ChangeContext } from './change-context.ts';

const { notify } = proxyActivities<NoticeActivities>({
  // Also how long a repeat waits for a worker that was lost.
  startToCloseTimeout: '15 seconds',
  scheduleToCloseTimeout: '24 hours',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 minutes' },
});

/** How long the workflow of a change that has ended waits for its last notices: longer than most receivers take. */
const patience = '3 seconds';

/**
 * Delivers what a change had not delivered when it ended, for a day at most. A workflow of its own: nobody waits for a
 * receiver that fails.
 *
 * @throws ApplicationFailure `not_delivered` when the receiver took one of them at no time
 */
export async function notice(notices: readonly NoticeInput[]): Promise<void> {
  const settled = await Promise.allSettled(notices.map(notify));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Has people told of the change as it is now. The change goes on meanwhile; Temporal repeats what fails. */
export function tell(context: ChangeContext, kind: NoticeKind): void {
  if (!context.notifies) return;
  const { change, pendingNotices } = context;
  const ordinal = context.nextOrdinal('notification.sent');
  const time = isoTime(Date.now());
  const notice: NoticeInput = {
    kind,
    ordinal,
    time,
    audience: noticeMembers(kind, change),
    change: noticedOf(change),
  };
  pendingNotices.add(notice);
  notify(notice)
    .catch((error: unknown) => {
      log.warn('a notice was not delivered', { kind, error });
    })
    .finally(() => pendingNotices.delete(notice));
}

/** At the end of a change: what was not delivered soon goes on without it. */
export async function handOver({ pendingNotices, change }: ChangeContext): Promise<void> {
  if (pendingNotices.size === 0 || (await condition(() => pendingNotices.size === 0, patience))) return;
  await startChild(notice, {
    // A workflow that was reset tells again; the message's id is the same, so receivers know.
    workflowId: `notice-${change.id}-${workflowInfo().runId}`,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    args: [[...pendingNotices]],
  });
}
