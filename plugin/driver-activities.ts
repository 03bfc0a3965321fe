import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { notSent } from '../domain/attempt.ts';
import { driverActivityOf, driverWorkflowIdOf, driverWorkflowType } from '../domain/driver-step.ts';
import type { DriverRequest, DriverStepKind } from '../domain/driver-step.ts';
import { fault } from '../domain/fault.ts';
import type { DriverContext, Implementation } from '../operations/implement.ts';
import { PlainValue } from '../workflows/plain-value.ts';

type DriverActivity = (request: DriverRequest) => Promise<PlainValue>;

/**
 * The activities of an operation on the task queue of its own: one reads, one calls. They answer faults as values, so that
 * nobody's retry policy but Countersign's repeats a call, and whatever converter the worker has, Countersign reads them.
 */
export function driverActivities(implementation: Implementation): Record<string, DriverActivity> {
  const { name } = implementation.operation;
  const call = async ({ input, notAfter }: DriverRequest, context: DriverContext) => {
    const send = await implementation.prepare(input, context);
    if (typeof send !== 'function') return send;
    if (Date.now() > notAfter) return fault('transient', notSent, 'held up for too long before the sending');
    return await send();
  };
  const read = ({ input }: DriverRequest, context: DriverContext) => implementation.read(input, context);
  const steps = { read, call };
  const activityOf =
    (kind: DriverStepKind): DriverActivity =>
    (request) =>
      withHeartbeats(async () => {
        assertHandedOver(request.changeId);
        const { changeId, notAfter } = request;
        return new PlainValue(
          await steps[kind](request, { changeId, notAfter, signal: cancellationSignal() }),
        );
      });
  return Object.fromEntries(
    (['read', 'call'] as const).map((kind) => [driverActivityOf(name, kind), activityOf(kind)]),
  );
}

/** It was handed over by Countersign: by mistake nobody calls past the gate. Temporal's rights say who could on purpose. */
function assertHandedOver(changeId: string): void {
  const { workflowType, workflowExecution } = activityInfo();
  if (workflowType === driverWorkflowType && workflowExecution?.workflowId === driverWorkflowIdOf(changeId))
    return;
  throw ApplicationFailure.nonRetryable(
    `this activity is Countersign's alone, and workflow ${workflowExecution?.workflowId ?? 'none'} is not`,
    'permanent',
  );
}

async function withHeartbeats<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    heartbeat();
  }, 3000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
