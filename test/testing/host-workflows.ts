import { requireApproval } from '../../plugin/workflow.ts';
import type { OperationType } from '../../plugin/workflow.ts';

const revokeBadge: OperationType<{ badge: string }, { receipt: string }> = {
  name: 'RevokeBadge',
  version: '1',
};

/** A host: gates one step, and answers what the call has answered. */
export async function offboard(badge: string, installation = 'countersign'): Promise<string> {
  const approval = await requireApproval(
    revokeBadge,
    { badge },
    {
      justification: 'they have left',
      requester: { issuer: 'https://people.test', subject: 'alice' },
      installation,
    },
  );
  const { output } = await approval.result();
  return `${approval.url ?? ''} ${output?.receipt ?? 'lost'}`;
}
