import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { InboundRequest, InboundSystem, InboundVerdict } from '../../api/inbound.ts';

/* A system of the tests' own that signs what it sends; the shape is that of no real one. */

const windowMs = 300_000;
const account = z.object({ team: z.string(), user: z.string() });
const choice = {
  deliveryId: z.string(),
  account,
  action: z.enum(['approve', 'reject']),
  changeId: z.string(),
  digest: z.string(),
  replyTo: z.string().nullable().default(null),
};
const deliverySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ignored'), answer: z.record(z.string(), z.string()).optional() }),
  z.object({ kind: z.literal('hint'), deliveryId: z.string(), tickets: z.tuple([z.string()], z.string()) }),
  z.object({ ...choice, kind: z.literal('click'), open: z.record(z.string(), z.string()).default({}) }),
  z.object({ ...choice, kind: z.literal('decision'), comment: z.string().default('') }),
]);

/** What a test has it send. */
export type Sending = z.input<typeof deliverySchema>;

/** The system as the API knows it, which accepts signatures by any of these secrets. */
export function outsideSystem(secrets: readonly string[], more: Partial<InboundSystem> = {}): InboundSystem {
  return { verify: (request) => verify(request, secrets), ...more };
}

function verify({ raw, headers, now }: InboundRequest, secrets: readonly string[]): InboundVerdict {
  const at = Number(headers['x-test-timestamp'] ?? NaN);
  const given = Buffer.from(headers['x-test-signature'] ?? '', 'hex');
  const isSigned = secrets.some((secret) => {
    const expected = macOf(secret, String(at), raw);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (!isSigned || !(Math.abs(now - at) <= windowMs)) return { kind: 'refused' };
  try {
    const parsed = deliverySchema.safeParse(JSON.parse(Buffer.from(raw).toString('utf8')));
    if (parsed.success) return parsed.data as InboundVerdict;
  } catch {
    // It is malformed as well.
  }
  return { kind: 'malformed', message: 'nothing that the test system says' };
}

function macOf(secret: string, timestamp: string, raw: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(raw).digest();
}

/** A delivery with its signature. */
export function signedSending(secret: string, sending: Sending | string, at = Date.now()) {
  const raw = typeof sending === 'string' ? sending : JSON.stringify(sending);
  return {
    raw,
    headers: {
      'content-type': 'application/json',
      'x-test-timestamp': String(at),
      'x-test-signature': macOf(secret, String(at), Buffer.from(raw)).toString('hex'),
    },
  };
}

/** A decision that somebody makes there, or a button that they press. */
export function choiceOf(
  kind: 'click' | 'decision',
  user: string,
  change: { readonly id: string; readonly digest: string | null },
  more: Partial<Extract<Sending, { kind: 'decision' }>> = {},
): Sending {
  const { id: changeId, digest } = change;
  return {
    deliveryId: randomUUID(),
    account: { team: 'T1', user },
    action: 'approve',
    changeId,
    digest: digest ?? '',
    ...more,
    kind,
  };
}
