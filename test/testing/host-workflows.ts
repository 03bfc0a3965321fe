import { requireApproval } from '../../plugin/workflow.ts';
import type { OperationType } from '../../plugin/workflow.ts';
import type { JsonObject } from '../../domain/json.ts';

const revokeBadge: OperationType<{ badge: string }, { receipt: string }> = {
  name: 'RevokeBadge',
  version: '1',
};

const requester = { issuer: 'https://people.test', subject: 'alice' };

/** A host: gates one step, and answers what the call has answered. */
export async function offboard(
  badge: string,
  installation = 'countersign',
  ticket?: string,
): Promise<string> {
  const approval = await requireApproval(
    revokeBadge,
    { badge },
    {
      justification: 'they have left',
      requester,
      installation,
      ...(ticket === undefined ? {} : { ticket: { system: 'jira', id: ticket } }),
    },
  );
  const { output } = await approval.result();
  return `${approval.url ?? ''} ${output?.receipt ?? 'lost'}`;
}

/** A host of an operation that a file declares. */
export async function closeAccount(account: string): Promise<string> {
  const approval = await requireApproval<{ region: string; account: string }, { receipt: string }>(
    { name: 'CloseAccount', version: '1' },
    { region: 'eu', account },
    { justification: 'the customer has left', requester },
  );
  const { output } = await approval.result();
  return output?.receipt ?? 'lost';
}

/** A host that asks under a key. */
export async function offboardOnce(badge: string): Promise<string> {
  const options = { justification: 'they have left', requester, key: badge };
  const approval = await requireApproval(revokeBadge, { badge }, options);
  const { output } = await approval.result();
  return output?.receipt ?? 'lost';
}

/** A host of whichever operation. */
export async function callOf(name: string, input: JsonObject, installation?: string): Promise<string> {
  const approval = await requireApproval<JsonObject, JsonObject>({ name, version: '1' }, input, {
    justification: 'it is time',
    requester,
    ...(installation === undefined ? {} : { installation }),
  });
  await approval.result();
  return 'done';
}
