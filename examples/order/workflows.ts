import { proxyActivities } from '@temporalio/workflow';
import { NotApproved, requireApproval } from 'countersign/workflow';
import releasePayment from './release-payment.ts';

const { notify } = proxyActivities<{ notify(text: string): Promise<void> }>({
  startToCloseTimeout: '10 seconds',
});

/** What an order needs. */
export interface Order {
  readonly payment: string;
  /** Who asks for the payment, as the identity provider names them; they cannot approve it. */
  readonly requester: { readonly issuer: string; readonly subject: string };
}

/** An order whose payment people have to approve. Answers the receipt, or null where they said no. */
export async function order({ payment, requester }: Order): Promise<string | null> {
  const approval = await requireApproval(
    releasePayment,
    { payment },
    { justification: `order of ${payment}`, requester, key: 'payment' },
  );
  await notify(`${payment} waits for an approval: ${approval.url ?? approval.id}`);
  try {
    const { output } = await approval.result();
    return output?.receipt ?? 'released';
  } catch (error) {
    if (!(error instanceof NotApproved)) throw error;
    await notify(`${payment} is not released: ${error.change.outcome?.message ?? ''}`);
    return null;
  }
}
