import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  proxyActivities,
} from '@temporalio/workflow';
import type { Change } from '../../domain/change.ts';
import type { JsonObject } from '../../domain/json.ts';
import { requireApproval as gate } from '../../plugin/workflow.ts';
import type { ApprovalOptions } from '../../plugin/workflow.ts';

/* Workflows of somebody else. */

/** What one of them is to ask for. */
export interface Asking extends ApprovalOptions {
  /** An operation's name; of version 1. */
  readonly operation: string;
  readonly input: JsonObject;
}

/** Gates a step; answers the change as it ended. */
export async function requireApproval({ operation, input, ...options }: Asking): Promise<Change> {
  const approval = await gate({ name: operation, version: '1' }, input, options);
  return (await approval.result()).change;
}

/** One of another type that gates a step, too. */
export async function moveLine(asking: Asking): Promise<string> {
  return (await requireApproval(asking)).executionStatus;
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
