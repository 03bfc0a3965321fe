import { getClient } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { plainEncoding } from '../domain/answer-encoding.ts';
import { notSent } from '../domain/attempt.ts';
import { driverWorkflowIdOf, driverWorkflowType } from '../domain/driver-step.ts';
import type { DriverStep, DriverStepEnd, DriverStepKind } from '../domain/driver-step.ts';
import { fault, faultClasses } from '../domain/fault.ts';
import type { FaultClass } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import { implement } from '../operations/implement.ts';
import type { DriverContext, Implementation } from '../operations/implement.ts';
import type { Operation } from '../operations/operation.ts';

/** Longest time from a step's beginning to its answer, ms: below what the one that waits for it has. */
const answerWithinMs = { read: 20_000, call: 140_000 } as const;

/**
 * Carries out an operation by the workers of its own task queue: each read and each call is one activity there, by a
 * workflow of ours that hands it over. Everything else (the record before and after, the seal, the repeats, the read
 * before each) is this worker's, as for any other operation.
 *
 * @param encoding - what those workers read: of a host's codec, or plain JSON
 */
export function onTaskQueue(
  operation: Operation,
  taskQueue: string,
  encoding: string = plainEncoding,
): Implementation {
  const step = (kind: DriverStepKind, input: JsonObject, context: DriverContext) =>
    handOver(
      {
        ...{ kind, operation: operation.name, taskQueue, encoding, answerWithinMs: answerWithinMs[kind] },
        request: {
          changeId: context.changeId,
          input,
          notAfter: Math.min(context.notAfter, Date.now() + 20_000),
        },
      },
      context.signal,
    );
  return implement(operation, {
    read: async (input, context) => (await step('read', input, context)) as never,
    prepare: (input, context) => Promise.resolve(async () => (await step('call', input, context)) as never),
  });
}

/** What a step was answered, or the fault that it came to. */
async function handOver(step: DriverStep, signal: AbortSignal): Promise<unknown> {
  const { kind, operation, request } = step;
  const unknown = kind === 'read' ? 'transient' : 'unknown';
  const workflowId = driverWorkflowIdOf(request.changeId);
  const client = getClient().workflow;
  const start = () =>
    client.start<(step: DriverStep) => Promise<DriverStepEnd>>(driverWorkflowType, {
      workflowId,
      taskQueue: 'countersign',
      args: [step],
    });
  const handle = await start().catch(async (error: unknown) => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // One that a lost worker has handed over: beside it nothing is read or called.
    await client
      .getHandle(workflowId)
      .result()
      .catch(() => undefined);
    if (signal.aborted || Date.now() > request.notAfter) return null;
    return await start();
  });
  if (handle === null)
    return fault('transient', notSent, 'an earlier step of this change was still under way');
  const end = await handle.result();
  switch (end.kind) {
    case 'answered':
      return end.answer;
    case 'not_begun':
      return fault(
        'transient',
        notSent,
        `no worker on ${step.taskQueue} took up ${operation}.${kind} in time`,
      );
    case 'failed':
      return faultClasses.includes(end.type as FaultClass)
        ? fault(end.type as FaultClass, 'driver_failed', end.message)
        : fault(unknown, 'driver_failed', end.message);
  }
}
