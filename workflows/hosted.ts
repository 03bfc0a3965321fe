import {
  ApplicationFailure,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { HostAccepted, HostAnswer, HostFollowed, LogActivities } from '../activities/contract.ts';
import type { HostRequest } from '../domain/change.ts';
import { answerIn, hostEncodingOf } from './host-answer.ts';
import { openedSignalOf } from './messages.ts';
import type { Opened } from './messages.ts';
import { recordOptions } from './record-options.ts';

type Accepted = Exclude<HostAnswer<HostAccepted | HostFollowed>, { kind: 'refused' }>;

const { acceptHost } = proxyActivities<Pick<LogActivities, 'acceptHost'>>(recordOptions);

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
