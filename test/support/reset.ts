import { randomUUID } from 'node:crypto';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { Testbed } from './service.ts';

/** Resets the first run of a workflow to one of its tasks: the run is terminated, and another one takes it up from there. */
export async function resetRun(
  { connection, namespace }: Pick<Testbed, 'connection' | 'namespace'>,
  handle: WorkflowHandleWithFirstExecutionRunId,
  to: 'its beginning' | 'its last task' = 'its beginning',
): Promise<void> {
  const { events } = await handle.fetchHistory();
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  const point = to === 'its beginning' ? tasks[0] : tasks.at(-1);
  await connection.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
    reason: 'a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: point?.eventId ?? null,
  });
}
