import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { isMarkedPlain, isOpenedNews } from '../domain/plain-payload.ts';

const workflowOfOurs = /^(?:change|driver|follow)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Wraps a payload codec of yours, so that what `requireApproval` says to a change and hears from it stays plain:
 * Countersign's own workers and its API have none, and refuse what they cannot read. Those payloads have a mark of ours, and
 * are of a change's workflow; beside them your workflow hears where a change is found, and nothing else. Everything else is
 * the codec's as before, whatever your workflows are named.
 */
export function plainForChanges(codec: PayloadCodec): PayloadCodec {
  return {
    encode: (payloads, context) =>
      unless(
        (one) => isOfChange(context) && isMarkedPlain(one),
        payloads,
        (own) => codec.encode(own, context),
      ),
    decode: (payloads, context) =>
      unless(isOfChange(context) ? isMarkedPlain : isOpenedNews, payloads, (own) =>
        codec.decode(own, context),
      ),
  };
}

function isOfChange(context: SerializationContext | undefined): boolean {
  return workflowOfOurs.test(context?.workflowId ?? '');
}

async function unless(
  isOurs: (payload: Payload) => boolean,
  payloads: Payload[],
  work: (payloads: Payload[]) => Promise<Payload[]>,
): Promise<Payload[]> {
  if (!payloads.some(isOurs)) return work(payloads);
  const each = await Promise.all(payloads.map(async (one) => (isOurs(one) ? [one] : await work([one]))));
  return each.flat();
}
