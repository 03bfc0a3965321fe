import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { accountId } from './answers.ts';

/** What came to the webhook, as it came. */
export interface JiraDelivery {
  /** The body's bytes, unread. */
  readonly raw: Uint8Array;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What a genuine delivery tells. It is a hint: whoever acts on it reads the issue again. */
export interface JiraHint {
  /** The same for a repeat of the delivery. */
  readonly deliveryId: string;
  /** Null: an event of something else than an issue. */
  readonly ticket: { readonly id: string; readonly key: string } | null;
  /** The id of the account that did it; null where it is not told. */
  readonly account: string | null;
}

/** Why a delivery is not taken. */
export type JiraRefusal = 'signature' | 'malformed' | 'old' | 'future';

const oldestMs = 24 * 3_600_000;
const futureMs = 300_000;

const envelope = z.object({
  timestamp: z.int(),
  user: z
    .object({ accountId: z.string().optional(), key: z.string().optional(), name: z.string().optional() })
    .nullish(),
  issue: z
    .object({
      id: z
        .union([z.string(), z.int()])
        .transform(String)
        .pipe(z.string().regex(/^\d{1,18}$/)),
      key: z.string().max(255),
    })
    .nullish(),
});

/**
 * Whether Jira sent a delivery, and what it tells. `X-Hub-Signature` is `sha256=` and the hex HMAC-SHA256 over the raw body; no
 * header is of the time, so the envelope's `timestamp` is judged, which is signed with it: at most 24 hours old, since Jira
 * repeats for hours, and at most five minutes in the future.
 *
 * @param secrets - one, or two while one is replaced; none: nothing is genuine
 * @param now - ms since the epoch
 */
export function verifyJiraWebhook(
  { raw, headers }: JiraDelivery,
  secrets: readonly string[],
  now: number,
): { readonly hint: JiraHint } | { readonly refusal: JiraRefusal } {
  if (!isSigned(raw, headers['x-hub-signature'] ?? '', secrets)) return { refusal: 'signature' };
  const read = envelope.safeParse(jsonIn(raw));
  if (!read.success) return { refusal: 'malformed' };
  const { timestamp, user, issue } = read.data;
  if (timestamp < now - oldestMs) return { refusal: 'old' };
  if (timestamp > now + futureMs) return { refusal: 'future' };
  // The same bytes are the same delivery. Jira's X-Atlassian-Webhook-Identifier is not signed: whoever repeats a delivery
  // could give it another one, or give a new delivery that of an old one, so that it would not be heard.
  const deliveryId = createHash('sha256').update(raw).digest('hex');
  const ticket = issue ? { id: issue.id, key: issue.key } : null;
  return { hint: { deliveryId, ticket, account: accountId(user) } };
}

function isSigned(raw: Uint8Array, header: string, secrets: readonly string[]): boolean {
  const [, hex] = /^sha256=([0-9a-f]{64})$/.exec(header) ?? [];
  if (hex === undefined) return false;
  const given = Buffer.from(hex, 'hex');
  // Each is tried, so that the time does not tell which one it was.
  const found = secrets
    .filter((secret) => secret !== '')
    .map((secret) => timingSafeEqual(createHmac('sha256', secret).update(raw).digest(), given));
  return found.includes(true);
}

function jsonIn(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as unknown;
  } catch {
    return null;
  }
}
