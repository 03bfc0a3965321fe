import { activityInfo, getClient, log } from '@temporalio/activity';
import { RawValue, WorkflowNotFoundError } from '@temporalio/common';
import { metadataIn } from '../domain/answer-encoding.ts';
import { openedSignalOf } from '../domain/host.ts';
import type { Host, Opened } from '../domain/host.ts';
import { isLasting } from './executions.ts';

/**
 * Tells the workflow that has started this activity's workflow that its change is open. Told twice is told once. Nobody need
 * listen any more.
 *
 * @param encoding - in which the host has asked
 */
export async function tellHost(
  { workflowId, runId }: Pick<Host, 'workflowId' | 'runId'>,
  opened: Opened,
  encoding: string,
): Promise<void> {
  const { payload } = new RawValue(opened);
  const word = RawValue.fromPayload({ ...payload, metadata: metadataIn(encoding, payload.metadata) });
  const signal = openedSignalOf(activityInfo().workflowExecution?.workflowId ?? '');
  try {
    await getClient().workflow.getHandle(workflowId, runId).signal(signal, word);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) && !isLasting(error)) throw error;
    log.warn('the host was not told that its change is open', { error });
  }
}
