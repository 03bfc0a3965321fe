import {
  ApplicationFailure,
  CancelledFailure,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { CancellationScope } from '@temporalio/workflow';
import type {
  HostAccepted,
  HostAnswer,
  HostFollowed,
  HostOpened,
  LogActivities,
} from '../activities/contract.ts';
import type { HostRequest } from '../domain/change.ts';
import { openedSignalOf } from '../domain/host.ts';
import type { Opened } from '../domain/host.ts';
import { answerIn, hostEncodingOf } from './host-answer.ts';
import { recordOptions } from './record-options.ts';

type Accepted = Exclude<HostAnswer<HostAccepted | HostFollowed>, { kind: 'refused' }>;

const { acceptHost } = proxyActivities<Pick<LogActivities, 'acceptHost'>>(recordOptions);

type Opening = Pick<LogActivities, 'openHosted'>;
// Below the time-out of a workflow task: until it has ended, nothing else reaches the workflow.
const here = proxyLocalActivities<Opening>({
  startToCloseTimeout: '6 seconds',
  retry: { maximumAttempts: 1 },
});
const anywhere = proxyActivities<Opening>(recordOptions);

/**
 * Opens the change that a host's workflow asks for, and reads its target where that is quick, as a part of the workflow's first
 * task. Whatever is lost of it is done anew, and finds in the log what it has done. Where Postgres or Temporal does not answer at
 * once an ordinary activity goes on, which may be repeated for days.
 *
 * @param root - the scope of the workflow. Where it is cancelled by now, an earlier first task may have opened the change, and its
 * answer was lost: then that is found out, and nothing is opened
 * @param hear - called with the encoding that the host is to be answered in, a refusal, too
 * @throws ApplicationFailure whose type is the code of the refusal
 * @throws CancelledFailure where the workflow was cancelled before anything was opened
 */
export async function openHosted(
  root: CancellationScope,
  asked: unknown,
  hear: (encoding: string) => void,
): Promise<Exclude<HostAnswer<HostOpened>, { kind: 'refused' | 'cancelled' }>> {
  const cancelled = root.consideredCancelled ? { cancelled: true } : {};
  const input = { request: asked ?? null, ordinal: 1, readOrdinal: 1, ...cancelled };
  const opened = await here.openHosted(input).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
    return anywhere.openHosted(input);
  });
  hear(hostEncodingOf(opened));
  if (opened.kind === 'refused') throw ApplicationFailure.nonRetryable(opened.message, opened.code);
  if (opened.kind === 'cancelled') throw cancelledBefore();
  return opened;
}

/**
 * What a host's workflow asks for as a whole request, and who the host is; or the change that it has asked for before.
 *
 * @param hear - called with the encoding that the host is to be answered in, a refusal, too
 * @throws ApplicationFailure whose type is the code of the refusal
 */
export async function hosted(asked: unknown, hear: (encoding: string) => void): Promise<Accepted> {
  const accepted = await acceptHost({ request: asked ?? null });
  hear(hostEncodingOf(accepted));
  if (accepted.kind === 'refused') throw ApplicationFailure.nonRetryable(accepted.message, accepted.code);
  return accepted;
}

/**
 * Whether a host waits for the word that its change is open, as the activity has read it: whatever of the argument can be read
 * when the workflow is replayed, it does the same. Older histories do not say.
 */
export function tellsOpened(
  asked: Partial<HostRequest> | null | undefined,
  { tellsOpened: tells = asked?.tellsOpened }: { readonly tellsOpened?: boolean },
): boolean {
  return tells === true;
}

/** A workflow was cancelled, and nothing is written. */
export function cancelledBefore(): CancelledFailure {
  return new CancelledFailure('cancelled before the change was opened');
}

/** Tells the host that the change is open, where it waits for that. Nobody need listen any more. */
export async function tellOpened(tells: boolean, opened: Opened, encoding: string): Promise<void> {
  const { parent, workflowId } = workflowInfo();
  if (!parent || !tells) return;
  try {
    const signal = openedSignalOf(workflowId);
    await getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(
      signal,
      answerIn(encoding, opened),
    );
  } catch (error) {
    log.warn('the host was not told that its change is open', { error });
  }
}
