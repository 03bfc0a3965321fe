import type { PayloadCodec, SerializationContext } from '@temporalio/common';

const workflowOfChange = /^change-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Wraps a payload codec of yours, so that what your workflows say to a change and hear from it stays plain: Countersign's
 * own workers and its API have none, and a change that cannot be read never begins. Everything else is the codec's as before.
 */
export function plainForChanges(codec: PayloadCodec): PayloadCodec {
  return {
    encode: async (payloads, context) => (isOfChange(context) ? payloads : codec.encode(payloads, context)),
    decode: async (payloads, context) => (isOfChange(context) ? payloads : codec.decode(payloads, context)),
  };
}

function isOfChange(context: SerializationContext | undefined): boolean {
  return context?.type === 'workflow' && workflowOfChange.test(context.workflowId);
}
