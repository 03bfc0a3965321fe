import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  proxyActivities,
} from '@temporalio/workflow';
import { requireApproval } from '../../plugin/workflow.ts';
import type { ApprovalRequest } from '../../plugin/workflow.ts';

/* Workflows of somebody else. */

export { requireApproval };

/** One of another type that gates a step, too. */
export async function moveLine(request: ApprovalRequest): Promise<string> {
  return (await requireApproval(request)).executionStatus;
}

/** Starts a change without `requireApproval`, with whatever it likes. */
export async function bareChild(id: string, ...args: unknown[]): Promise<unknown> {
  try {
    return await executeChild('change', { workflowId: id, taskQueue: 'countersign', args });
  } catch (error) {
    if (error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}

/** Asks our worker's activity without any workflow of ours. */
export async function bareActivity(
  name: string,
  input: unknown,
  taskQueue = 'countersign',
): Promise<unknown> {
  const activities = proxyActivities<Record<string, (input: unknown) => Promise<unknown>>>({
    taskQueue,
    startToCloseTimeout: '15 seconds',
    retry: { maximumAttempts: 1 },
  });
  return activities[name]?.(input);
}
