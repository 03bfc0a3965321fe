import { createHash, createHmac } from 'node:crypto';
import { CountersignError } from '../domain/error.ts';

/** Where notices go. */
export interface Webhook {
  /**
   * Sends a message once. The same key is the same message again: receivers tell repeats by its id.
   * @throws Error when no answer of 2xx came in time; it names neither the address nor the secret
   */
  send(message: { readonly key: string; readonly body: string }): Promise<void>;
}

/** An answer other than 2xx. `retryAfterMs`: the receiver's Retry-After, or null. */
export class NotDelivered extends Error {
  readonly retryAfterMs: number | null;
  constructor(message: string, retryAfterMs: number | null) {
    super(message);
    this.name = 'NotDelivered';
    this.retryAfterMs = retryAfterMs;
  }
}

const loopback = new Set(['127.0.0.1', '[::1]', 'localhost']);
const longestRetryMs = 3_600_000;
/** Sends at the same time. A receiver that hangs occupies at most this many of a worker's places. */
const mostAtOnce = 20;

/**
 * A webhook after the Standard Webhooks specification, version 1.0.0: HMAC-SHA256 over id, timestamp and body.
 *
 * @param secret - `whsec_` and base64 of 24 to 64 bytes
 * @param deadlineMs - longest wait for an answer; default 10,000
 * @param atOnce - how many sends may be under way; one more is not delivered, and comes again; default 20
 * @throws CountersignError `invalid_configuration` for plain HTTP off loopback and for a secret that is none
 */
export function makeWebhook(
  url: string,
  secret: string,
  {
    deadlineMs = 10_000,
    atOnce = mostAtOnce,
    now = Date.now,
    fetch = globalThis.fetch,
  }: {
    deadlineMs?: number;
    atOnce?: number;
    now?: () => number;
    fetch?: typeof globalThis.fetch;
  } = {},
): Webhook {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:' && !loopback.has(hostname)) {
    throw wrong('COUNTERSIGN_WEBHOOK_URL', 'https', 'must be https: off loopback');
  }
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1] ?? '';
  const key = Buffer.from(encoded, 'base64');
  if (key.length < 24 || key.length > 64) {
    throw wrong('COUNTERSIGN_WEBHOOK_SECRET', 'format', 'must be whsec_ and base64 of 24 to 64 bytes');
  }
  let underWay = 0;
  return {
    async send({ key: messageKey, body }) {
      if (underWay >= atOnce) throw new NotDelivered('others are under way', null);
      underWay += 1;
      const id = `msg_${createHash('sha256').update(messageKey).digest('hex').slice(0, 32)}`;
      const timestamp = String(Math.floor(now() / 1000));
      let response: Response;
      try {
        response = await fetch(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'webhook-id': id,
            'webhook-timestamp': timestamp,
            'webhook-signature': signatureOf(key, id, timestamp, body),
          },
          body,
          // A message signed for one address must not reach another one.
          redirect: 'manual',
          signal: AbortSignal.timeout(deadlineMs),
        });
        await response.body?.cancel();
      } catch (error) {
        // The error's own message and cause may name the address.
        const { name } = (error ?? {}) as { name?: string };
        throw new NotDelivered(name === 'TimeoutError' ? 'no answer in time' : 'no answer', null);
      } finally {
        underWay -= 1;
      }
      if (response.ok) return;
      throw new NotDelivered(`answered ${response.status}`, retryAfter(response.headers.get('retry-after')));
    },
  };
}

/** The signature of a message: scheme v1, HMAC-SHA256 over id, timestamp (s since the epoch) and body. */
export function signatureOf(key: Buffer, id: string, timestamp: string, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/** Seconds (RFC 9110 §10.2.3) as ms, at most an hour; a date is left to the usual delays. */
function retryAfter(header: string | null): number | null {
  return header !== null && /^\d{1,9}$/.test(header) ? Math.min(Number(header) * 1000, longestRetryMs) : null;
}

function wrong(field: string, rule: string, message: string): CountersignError {
  return new CountersignError('invalid_configuration', `${field}: ${message}`, {
    errors: [{ field, rule, message }],
  });
}
