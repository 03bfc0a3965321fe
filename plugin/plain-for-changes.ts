import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { isMarkedPlain } from '../domain/plain-payload.ts';

const workflowOfChange = /^change-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Wraps a payload codec of yours, so that what `requireApproval` says to a change and hears from it stays plain:
 * Countersign's own workers and its API have none, and refuse what they cannot read. Those payloads have a mark of ours, and
 * are of a change's workflow. Everything else is the codec's as before, whatever your workflows are named.
 */
export function plainForChanges(codec: PayloadCodec): PayloadCodec {
  return {
    encode: (payloads, context) => unlessOfChange(payloads, context, (own) => codec.encode(own, context)),
    decode: (payloads, context) => unlessOfChange(payloads, context, (own) => codec.decode(own, context)),
  };
}

async function unlessOfChange(
  payloads: Payload[],
  context: SerializationContext | undefined,
  work: (payloads: Payload[]) => Promise<Payload[]>,
): Promise<Payload[]> {
  const isOfChange = context?.type === 'workflow' && workflowOfChange.test(context.workflowId);
  const isOurs = (payload: Payload) => isOfChange && isMarkedPlain(payload);
  if (!payloads.some(isOurs)) return work(payloads);
  const each = await Promise.all(payloads.map(async (one) => (isOurs(one) ? [one] : await work([one]))));
  return each.flat();
}
