import proto from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';
import type { Testbed } from './service.ts';

type Event = temporal.api.history.v1.IHistoryEvent;
const { History } = proto.temporal.api.history.v1;

/** The events of a run as Temporal stores them: no codec has seen them. */
export async function rawEvents(
  { connection, namespace }: Pick<Testbed, 'connection' | 'namespace'>,
  workflowId: string,
  runId = '',
): Promise<Event[]> {
  const events: Event[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await connection.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId, runId },
      ...(nextPageToken && { nextPageToken }),
    });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken.length > 0 ? page.nextPageToken : undefined;
  } while (nextPageToken);
  return events;
}

/** Every byte that Temporal has of a namespace's workflows: of each run its history, and what lists show of it. */
export async function storedBytes(
  testbed: Pick<Testbed, 'connection' | 'namespace' | 'client'>,
): Promise<Buffer> {
  const { connection, namespace, client } = testbed;
  const parts: Uint8Array[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    parts.push(History.encode({ events: await rawEvents(testbed, workflowId, runId) }).finish());
    const { workflowExecutionInfo: info } = await connection.workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId, runId },
    });
    if (info) parts.push(proto.temporal.api.workflow.v1.WorkflowExecutionInfo.encode(info).finish());
  }
  return Buffer.concat(parts);
}
