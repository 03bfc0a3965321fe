import { createHash, createHmac, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** The key of a secret as Standard Webhooks writes it, `whsec_` and base64 of 24 to 64 bytes; null for anything else. */
export function keyOf(secret: string): KeyObject | null {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1] ?? '';
  const key = Buffer.from(encoded, 'base64');
  return key.length >= 24 && key.length <= 64 ? createSecretKey(key) : null;
}

/** The id of the message of an entry: the same however often it is sent, so that receivers can tell a repeat. */
export function messageId(entryKey: string): string {
  return `msg_${createHash('sha256').update(entryKey).digest('hex').slice(0, 32)}`;
}

/**
 * The three headers of Standard Webhooks 1.0.0. While a secret is replaced, both sign: whoever has either can verify.
 *
 * @param keys - the newest first
 * @param atMs - the time of this try, ms since the epoch
 */
export function signedHeaders(
  keys: readonly KeyObject[],
  message: { readonly id: string; readonly body: string },
  atMs: number,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(atMs / 1000));
  const signed = `${message.id}.${timestamp}.${message.body}`;
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys
      .map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
      .join(' '),
  };
}
