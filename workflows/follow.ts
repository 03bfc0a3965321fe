import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
} from '@temporalio/workflow';
import type { HostAnswer, HostFollowed, LogActivities } from '../activities/contract.ts';
import { workflowIdOf } from '../domain/change.ts';
import type { ChangeEnd, HostRequest } from '../domain/change.ts';
import { hostEncodingOf, towardsHost } from './host-answer.ts';
import { tellOpened, tellsOpened } from './hosted.ts';
import { hostEndedSignal } from './messages.ts';
import { recordOptions } from './record-options.ts';

const { followHost, hostGoesOn } =
  proxyActivities<Pick<LogActivities, 'followHost' | 'hostGoesOn'>>(recordOptions);
const { changeEnd } = proxyActivities<Pick<LogActivities, 'changeEnd'>>({
  startToCloseTimeout: '15 seconds',
  // While the change is open: the history stays as it is.
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 1.5, maximumInterval: '5 seconds' },
});

/**
 * Follows a change that an earlier run of the same host has asked for under the same key, and answers its end. When the
 * host is cancelled or ends, so that nobody follows any more, the change is withdrawn.
 *
 * @throws ApplicationFailure `key_reused` where the key is that of another request, or the code of another refusal
 * @throws CancelledFailure when a further run of the host follows instead
 */
export async function follow(asked: HostRequest): Promise<ChangeEnd> {
  const root = CancellationScope.current();
  let encoding: string | null = null;
  return await towardsHost(
    () => encoding,
    async () => {
      const followed = await followHost({ request: asked });
      encoding = hostEncodingOf(followed);
      if (followed.kind === 'refused') throw ApplicationFailure.nonRetryable(followed.message, followed.code);
      return CancellationScope.nonCancellable(() => endOf(root, asked, followed));
    },
  );
}

/** The end of a change that is told of, and waited for. @param root - the scope of whoever follows it */
export async function endOf(
  root: CancellationScope,
  asked: HostRequest,
  followed: Exclude<HostAnswer<HostFollowed>, { kind: 'refused' }>,
): Promise<ChangeEnd> {
  const { host, url } = followed;
  const waiting = new CancellationScope();
  root.cancelRequested
    .catch(async () => {
      if (await hostGoesOn({ host })) waiting.cancel();
      else await getExternalWorkflowHandle(workflowIdOf(asked.id)).signal(hostEndedSignal);
    })
    .catch((error: unknown) => log.warn('the change was not told that its host has ended', { error }));
  await tellOpened(tellsOpened(asked, followed), { url }, hostEncodingOf(followed));
  try {
    return await waiting.run(() => changeEnd({ changeId: asked.id }));
  } catch (error) {
    if (waiting.consideredCancelled) throw new CancelledFailure('another run of the host follows the change');
    throw error;
  }
}
