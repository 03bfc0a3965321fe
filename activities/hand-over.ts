import { activityInfo, getClient } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { notSent } from '../domain/attempt.ts';
import { driverActivityOf, driverWorkflowIdOf, driverWorkflowType } from '../domain/driver-step.ts';
import type { DriverStep, DriverStepEnd, FailedStep } from '../domain/driver-step.ts';
import { fault } from '../domain/fault.ts';
import type { Fault } from '../domain/fault.ts';
import { changeQueueOf } from '../domain/installation.ts';
import type { DriverContext } from '../operations/implement.ts';
import type { Operation } from '../operations/operation.ts';

/** Longest time that a step may wait for a worker that takes it up, ms. */
const beginWithinMs = 20_000;

/** How much longer than its step the workflow of one may take, ms: longer than a worker may be away. */
const graceMs = 300_000;

/** What a step is asked for. @param now - the time of Temporal's server, ms since the epoch: the workflow compares with it */
export function stepRequestOf(
  { name, version }: Pick<Operation, 'name' | 'version'>,
  input: DriverStep['request']['input'],
  { changeId, notAfter }: Pick<DriverContext, 'changeId' | 'notAfter'>,
  now: () => number = Date.now,
): DriverStep['request'] {
  return {
    ...{ changeId, operation: name, version, input },
    notAfter: Math.min(notAfter, now() + beginWithinMs),
  };
}

/** What a step was answered, which nobody has checked, or the fault that it came to. */
export type HandedOver = { readonly ok: true; readonly answer: unknown } | Fault;

/**
 * Has a step made by a worker of another task queue, by a workflow of ours. One step of a change runs at a time: one that a
 * lost worker has handed over is waited for.
 *
 * @param faultOf - what a step that failed comes to
 * @param now - see {@link stepRequestOf}
 */
export async function handOver(
  step: DriverStep,
  signal: AbortSignal,
  faultOf: (failed: FailedStep) => Fault,
  now: () => number = Date.now,
): Promise<HandedOver> {
  const { kind, operation, request } = step;
  const workflowId = driverWorkflowIdOf(request.changeId);
  const client = getClient().workflow;
  // Without it the question for a result goes on after the attempt that asked has ended.
  const resultOf = (of: { result(): Promise<DriverStepEnd> }) =>
    getClient().withAbortSignal(signal, () => of.result());
  const start = () =>
    client.start<(step: DriverStep) => Promise<DriverStepEnd>>(driverWorkflowType, {
      workflowId,
      taskQueue: changeQueueOf(activityInfo().taskQueue),
      // Where nothing can read the answer its task would be tried for ever.
      workflowExecutionTimeout: Math.max(0, request.notAfter - now()) + step.answerWithinMs + graceMs,
      args: [step],
    });
  const handle = await start().catch(async (error: unknown) => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // One that a lost worker has handed over: beside it nothing is read or called.
    await resultOf(client.getHandle(workflowId)).catch(() => undefined);
    if (signal.aborted || now() > request.notAfter) return null;
    return await start();
  });
  if (handle === null)
    return fault('transient', notSent, 'an earlier step of this change was still under way');
  const end = await resultOf(handle);
  switch (end.kind) {
    case 'answered':
      return { ok: true, answer: end.answer };
    case 'not_begun': {
      const type = step.activityType ?? driverActivityOf(operation, kind);
      return fault('transient', notSent, `no worker on ${step.taskQueue} took up ${type} in time`);
    }
    case 'failed':
      return faultOf(end);
  }
}
