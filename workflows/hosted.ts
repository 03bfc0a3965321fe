import {
  ApplicationFailure,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { HostAccepted, LogActivities } from '../activities/contract.ts';
import type { HostRequest } from '../domain/change.ts';
import { takenUpSignalOf } from './messages.ts';
import { recordOptions } from './record-options.ts';

const { acceptHost } = proxyActivities<Pick<LogActivities, 'acceptHost'>>(recordOptions);

/**
 * What a host's workflow asks for as a whole request, and who the host is.
 *
 * @throws ApplicationFailure whose type is the code of the refusal. It has no details: a host whose codec is not wrapped in
 * `plainForChanges` could not read them, and would wait for ever
 */
export async function hosted(asked: unknown): Promise<Extract<HostAccepted, { kind: 'accepted' }>> {
  const { parent } = workflowInfo();
  const { id, tellsTakenUp } = (asked ?? {}) as Partial<HostRequest>;
  if (parent && tellsTakenUp === true && typeof id === 'string') {
    // Not waited for, and nobody need listen any more.
    getExternalWorkflowHandle(parent.workflowId, parent.runId)
      .signal(takenUpSignalOf(id))
      .catch((error: unknown) => log.warn('the host was not told that its request is taken up', { error }));
  }
  const accepted = await acceptHost({ request: asked ?? null });
  if (accepted.kind === 'refused') throw ApplicationFailure.nonRetryable(accepted.message, accepted.code);
  return accepted;
}
