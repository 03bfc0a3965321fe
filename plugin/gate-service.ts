import { getClient, startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus';
import type { WorkflowHandle } from '@temporalio/nexus';
import * as nexus from 'nexus-rpc';
import { gateNexus, gateWorkflowIdOf, gateWorkflowType, isGateWorkflowId } from '../domain/gate.ts';
import type { GateAnswer, GateOpened } from '../domain/gate.ts';
import { changeTaskQueue, openedUpdate } from '../workflows/messages.ts';

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
  async [gateNexus.opened](_context: nexus.StartOperationContext, sent: unknown): Promise<GateOpened> {
    const workflowId = gateOf(sent);
    try {
      return await getClient().workflow.getHandle(workflowId).executeUpdate(openedUpdate);
    } catch (error) {
      const cause = (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : error;
      throw new nexus.OperationError('failed', (cause as Error).message, { cause: cause as Error });
    }
  },
});

function startGate(
  context: nexus.StartOperationContext,
  request: unknown,
): Promise<WorkflowHandle<GateAnswer>> {
  return startWorkflow<(request: unknown) => Promise<GateAnswer>>(context, gateWorkflowType, {
    workflowId: gateWorkflowIdOf(context.requestId),
    taskQueue: changeTaskQueue,
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
  throw new nexus.HandlerError(
    'BAD_REQUEST',
    'operationToken: expected that of an operation requireApproval',
  );
}
