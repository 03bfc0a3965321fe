import { createHmac, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { keyOf } from '../webhook/sign.ts';
import { isSysId } from './row.ts';

/** What a message of ServiceNow's business rule is, once its signature was looked at. */
export type ServiceNowVerdict =
  /** Not signed with one of the keys, too old, or of the future. */
  | { readonly kind: 'refused'; readonly why: 'signature' | 'too_old' | 'in_future' }
  /** Signed, and nothing that can be understood. */
  | { readonly kind: 'malformed'; readonly message: string }
  /** Signed, and of a change that we made ourselves. */
  | { readonly kind: 'ignored' }
  /** A ticket was changed: it is to be read again. */
  | {
      readonly kind: 'hint';
      /** The same when a message comes again. */
      readonly deliveryId: string;
      /** The ticket's sys_id. */
      readonly ticket: string;
      /** Its number, where the message has one. */
      readonly key: string | null;
      /** The user_name of whoever changed it, where the message has one. */
      readonly account: string | null;
    };

const windowMs = 300_000;
const mostSignatures = 10;
const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/**
 * A key that signs messages, as its file has it: base64, with or without `whsec_` before it.
 * @returns null when it is none, or shorter than 24 or longer than 64 bytes
 */
export function webhookKey(secret: string): KeyObject | null {
  return keyOf(secret.startsWith('whsec_') ? secret : `whsec_${secret}`);
}

/**
 * Verifies a message after Standard Webhooks 1.0.0, scheme v1, as docs/servicenow.md's business rule sends it.
 *
 * @param request - `raw`: the body's bytes as they came; `headers`: by lower-case name; `now`: ms since the epoch. A message counts
 * within five minutes of its own time, both ways
 * @param known - `keys`: one, or two while one is replaced, see {@link webhookKey}; `own`: user_names of our own accounts
 */
export function verifyServiceNow(
  {
    raw,
    headers,
    now,
  }: {
    readonly raw: Uint8Array;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly now: number;
  },
  { keys, own }: { readonly keys: readonly KeyObject[]; readonly own: readonly string[] },
): ServiceNowVerdict {
  const [id = '', timestamp = '', signature = ''] = names.map((name) => headers[name]);
  const isSigned = keys
    .map((key) => createHmac('sha256', key).update(`${id}.${timestamp}.`).update(raw).digest())
    .some((expected) => signaturesIn(signature).some((given) => isSame(given, expected)));
  if (!isSigned) return { kind: 'refused', why: 'signature' };
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(id))
    return malformed('webhook-id: expected at most 100 letters and digits');
  if (!/^\d{1,12}$/.test(timestamp)) return malformed('webhook-timestamp: expected Unix seconds');
  const age = now - Number(timestamp) * 1000;
  if (age > windowMs) return { kind: 'refused', why: 'too_old' };
  if (age < -windowMs) return { kind: 'refused', why: 'in_future' };
  return verdictOn(raw, id, own);
}

function signaturesIn(header: string): string[] {
  return header.split(' ').slice(0, mostSignatures);
}

function isSame(signature: string, expected: Buffer): boolean {
  if (!signature.startsWith('v1,')) return false;
  const given = Buffer.from(signature.slice('v1,'.length), 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function verdictOn(raw: Uint8Array, deliveryId: string, own: readonly string[]): ServiceNowVerdict {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch {
    return malformed('expected a JSON object');
  }
  const { sys_id: ticket, number: key, updated_by: by } = (body ?? {}) as Record<string, unknown>;
  if (typeof ticket !== 'string' || !isSysId(ticket))
    return malformed('sys_id: expected 32 hexadecimal digits');
  const account = shortText(by);
  if (account !== null && own.includes(account)) return { kind: 'ignored' };
  return { kind: 'hint', deliveryId, ticket, key: shortText(key), account };
}

function malformed(message: string): ServiceNowVerdict {
  return { kind: 'malformed', message };
}

function shortText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= 100 ? value : null;
}
