import { getClient, operationInfo, startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus';
import type { WorkflowHandle } from '@temporalio/nexus';
import { WorkflowNotFoundError } from '@temporalio/common';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import * as nexus from 'nexus-rpc';
import { plainEncoding } from '../domain/answer-encoding.ts';
import { gateNexus, gateWorkflowIdOf, gateWorkflowType, isGateWorkflowId } from '../domain/gate.ts';
import type { GateAnswer, GateOpened } from '../domain/gate.ts';
import { answerIn } from '../workflows/host-answer.ts';
import { openedUpdate } from '../workflows/messages.ts';

/** The token that a caller got when it started a gate, from its SDK's handle of the operation. */
interface OperationToken {
  readonly operationToken: string;
}

const gateService = nexus.service(gateNexus.service, {
  [gateNexus.operation]: nexus.operation<unknown, GateAnswer>(),
  [gateNexus.opened]: nexus.operation<OperationToken, GateOpened>(),
});

/**
 * The gate for hosts of other namespaces. One operation runs a gate's workflow, with the same request, answer and failures;
 * the other answers its change once that is open, as a Nexus operation has no other word before its end.
 */
export const gateServiceHandler = nexus.serviceHandler(gateService, {
  [gateNexus.operation]: new WorkflowRunOperationHandler<unknown, GateAnswer>((context, request) =>
    startGate(context, request),
  ),
  async [gateNexus.opened](context: nexus.StartOperationContext, sent: unknown): Promise<GateOpened> {
    const workflowId = gateOf(sent);
    const gate = getClient().workflow.getHandle(workflowId);
    try {
      await assertOwn(gate);
      // Nexus asks again under the same id: that is the same update.
      const opened = await gate.executeUpdate(openedUpdate, { updateId: context.requestId });
      return answerIn(plainEncoding, opened);
    } catch (error) {
      throw endOfOpened(error);
    }
  },
});

/** A gate of another installation is told of by its own service alone, where people may be others. */
async function assertOwn(gate: { describe(): Promise<{ readonly taskQueue: string }> }): Promise<void> {
  const { taskQueue } = await gate.describe();
  if (taskQueue !== operationInfo().taskQueue) throw noToken('one of this installation');
}

/** What an error ends the operation `opened` with, where it is final; any other one is Nexus's to ask again after. */
export function endOfOpened(error: unknown): unknown {
  const isFinal = error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError;
  if (!isFinal) return error;
  const { cause } = error;
  const why = cause instanceof Error ? cause : error;
  return new nexus.OperationError('failed', why.message, { cause: why });
}

function startGate(
  context: nexus.StartOperationContext,
  request: unknown,
): Promise<WorkflowHandle<GateAnswer>> {
  return startWorkflow<(request: unknown) => Promise<GateAnswer>>(context, gateWorkflowType, {
    workflowId: gateWorkflowIdOf(context.requestId),
    taskQueue: operationInfo().taskQueue,
    args: [request],
  });
}

/** The workflow of a token that this service has given. */
function gateOf(sent: unknown): string {
  const { operationToken } = (sent ?? {}) as Partial<OperationToken>;
  try {
    const { wid } = JSON.parse(Buffer.from(operationToken ?? '', 'base64url').toString()) as {
      wid?: unknown;
    };
    if (typeof wid === 'string' && isGateWorkflowId(wid)) return wid;
  } catch {
    // It is no token.
  }
  throw noToken('that of an operation requireApproval');
}

function noToken(expected: string): nexus.HandlerError {
  return new nexus.HandlerError('BAD_REQUEST', `operationToken: expected ${expected}`);
}
