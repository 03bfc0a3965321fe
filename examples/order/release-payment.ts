import { defineOperation } from 'countersign/operation';
import { z } from 'zod';

/** A payment as the payment service tells of it, and as the approver is shown it. */
type Payment = { readonly payment: string; readonly payee: string; readonly state: string };

/**
 * ReleasePayment: money leaves for good. Countersign's API and worker load this definition (COUNTERSIGN_OPERATIONS); what
 * carries it out is on the task queue `payments`, in the worker of the team that has the service's key.
 */
const releasePayment = defineOperation({
  name: 'ReleasePayment',
  version: '1',
  title: 'Release a payment',
  service: 'payments',
  taskQueue: 'payments',
  input: z.strictObject({ payment: z.string().regex(/^P-\d{1,10}$/) }),
  output: z.strictObject({ receipt: z.string().max(100) }),
  scope: ['payment'],
  target: ({ payment }) => ({
    id: `payments/${payment}`,
    scope: { payment },
    label: `payment ${payment}`,
  }),
  refusal: (snapshot: Payment | null) =>
    snapshot?.state === 'held'
      ? null
      : { code: 'not_held', message: 'there is no such payment, or it is released already' },
  achieved: (snapshot) => snapshot?.state === 'released',
  identity: ({ state: _state, ...rest }) => rest,
  present: ({ payment, payee, state }) => [
    { label: 'payment', value: payment },
    { label: 'payee', value: payee },
    { label: 'state', value: state },
  ],
});

export default releasePayment;
