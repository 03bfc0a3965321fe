import { proxyActivities } from '@temporalio/workflow';
import type { CaCertificateInput } from '../../operations/certificate-input.ts';
import { requireApproval } from '../../plugin/workflow.ts';
import type { ApprovalOptions, OperationType } from '../../plugin/workflow.ts';

const { record } = proxyActivities<{ record(line: string): Promise<string> }>({
  startToCloseTimeout: '30 seconds',
});

const activeCaCertificate: OperationType<CaCertificateInput, never> = {
  name: 'ActiveCaCertificate',
  version: '1',
};

/** A workflow of a team that runs Temporal already; its activity has by chance the name of one of ours. */
export async function moveLine(
  line: string,
  input: CaCertificateInput,
  options: ApprovalOptions,
): Promise<string> {
  const told = await record(line);
  const approval = await requireApproval(activeCaCertificate, input, options);
  const { change } = await approval.result();
  return `${told}, ${change.executionStatus}`;
}
