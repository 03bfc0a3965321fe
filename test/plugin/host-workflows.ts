import { proxyActivities } from '@temporalio/workflow';
import { requireApproval } from '../../plugin/workflow.ts';
import type { ApprovalRequest } from '../../plugin/workflow.ts';

const { record } = proxyActivities<{ record(line: string): Promise<string> }>({
  startToCloseTimeout: '30 seconds',
});

/** A workflow of a team that runs Temporal already; its activity has by chance the name of one of ours. */
export async function moveLine(line: string, request: ApprovalRequest): Promise<string> {
  const told = await record(line);
  const { executionStatus } = await requireApproval(request);
  return `${told}, ${executionStatus}`;
}
