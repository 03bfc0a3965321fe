import { getClient } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { CountersignError } from '../domain/error.ts';
import { grpcStatusOf } from '../domain/grpc-status.ts';
import type { GrpcStatus } from '../domain/grpc-status.ts';
import { isoTime } from '../domain/time.ts';

/** A run of a workflow. */
export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * What Temporal says of a run, or of the latest; null: it has none.
 *
 * @param client - who asks; default that of the activity
 * @throws CountersignError `host_not_allowed` where it refuses to tell
 */
export async function described(
  namespace: string,
  execution: { workflowId: string; runId?: string },
  client: Client = getClient(),
) {
  const { workflowExecutionInfo: info } = await answered(() =>
    client.workflowService.describeWorkflowExecution({ namespace, execution }),
  ).catch((error: unknown) => {
    if (grpcStatusOf(error) === 'NOT_FOUND') return { workflowExecutionInfo: null };
    throw error;
  });
  if (!info) return null;
  const { execution: own, parentExecution, parentNamespaceId, startTime, status, taskQueue, type } = info;
  const parent = parentExecution?.workflowId
    ? { workflowId: parentExecution.workflowId, runId: parentExecution.runId ?? '' }
    : null;
  return {
    type: type?.name ?? '',
    runId: own?.runId ?? '',
    status,
    taskQueue: taskQueue ?? '',
    parent,
    parentNamespaceId: parentNamespaceId ?? '',
    startedAt: isoTime(Number(startTime?.seconds ?? 0) * 1000 + Math.floor((startTime?.nanos ?? 0) / 1e6)),
  };
}

/** What a repeat does not change. An API key, by contrast, can be renewed. */
const lasting: ReadonlySet<GrpcStatus | null> = new Set([
  'INVALID_ARGUMENT',
  'PERMISSION_DENIED',
  'UNIMPLEMENTED',
] as const);

/** Whether Temporal has refused something for good. */
export function isLasting(error: unknown): boolean {
  return lasting.has(grpcStatusOf(error));
}

/** Temporal's answer. When no repeat can bring one, the host is not allowed; any other error is retried. */
export async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isLasting(error)) throw error;
    throw refusal(`Temporal does not tell this worker who asked: ${(error as Error).message}`);
  }
}

/** The refusal of whoever is not, or cannot be seen to be, a host that may ask. */
export function refusal(message: string): CountersignError {
  return new CountersignError('host_not_allowed', message);
}

/** The id of the first run of an execution's chain, which only the first event of a history tells; null: no such history. */
export async function firstRunOf(
  namespace: string,
  execution: Execution,
  client: Client = getClient(),
): Promise<string | null> {
  return (await startOf(namespace, execution, client))?.firstExecutionRunId ?? null;
}

/** What the first event of a history tells; null: no such history. */
export async function startOf(namespace: string, execution: Execution, client: Client = getClient()) {
  return (await firstEvent(namespace, execution, client))?.workflowExecutionStartedEventAttributes ?? null;
}

/** The first event of a history; undefined: no such history. */
export async function firstEvent(
  namespace: string,
  { workflowId, runId }: Execution,
  client: Client = getClient(),
) {
  const { history } = await answered(() =>
    client.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    }),
  ).catch((error: unknown) => {
    if (grpcStatusOf(error) === 'NOT_FOUND') return { history: null };
    throw error;
  });
  return history?.events?.[0];
}
