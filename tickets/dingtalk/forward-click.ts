import { createHmac, timingSafeEqual } from 'node:crypto';
import { CountersignError } from '../../domain/error.ts';
import { clickSchema } from './click.ts';
import type { DingTalkClick } from './click.ts';

/** How far the time of a forwarded click may be from now, ms, into the past and into the future. */
const windowMs = 300_000;
const shortestSecret = 32;
const longestBody = 16_384;

/** The headers that a forwarded click has. */
export const forwardHeaders = {
  timestamp: 'countersign-timestamp',
  signature: 'countersign-signature',
} as const;

/** Why the API does not take a forwarded click. */
export type ForwardRefusal = 'unsigned' | 'too_large' | 'stale' | 'bad_signature' | 'malformed';

/**
 * A click as the deliverer sends it to the API, which decides: the body and its headers. It is signed with each secret, so
 * that one of two may be replaced while both processes run.
 *
 * @param system - its name in COUNTERSIGN_INTEGRATIONS
 * @param now - ms since the epoch
 */
export function signForwarded(
  click: DingTalkClick,
  {
    system,
    secrets,
    now,
  }: { readonly system: string; readonly secrets: readonly string[]; readonly now: number },
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const body = JSON.stringify({ v: 1, system, click });
  const timestamp = String(Math.floor(now / 1000));
  const signatures = secrets.map(
    (secret) => `v1=${signatureOf(secret, timestamp, Buffer.from(body)).toString('hex')}`,
  );
  return {
    body,
    headers: {
      'content-type': 'application/json',
      [forwardHeaders.timestamp]: timestamp,
      [forwardHeaders.signature]: signatures.join(','),
    },
  };
}

/**
 * The click of a forwarded request, or why it is none: the body is looked at only once its signature and its time are right.
 *
 * @param secrets - one of them has to fit; one that could be guessed counts as none
 * @param raw - the body as it came
 */
export function verifyForwarded({
  system,
  secrets,
  headers,
  raw,
  now,
}: {
  readonly system: string;
  readonly secrets: readonly string[];
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly raw: Uint8Array;
  readonly now: number;
}): { readonly click: DingTalkClick } | { readonly refusal: ForwardRefusal } {
  const timestamp = headers[forwardHeaders.timestamp];
  const signature = headers[forwardHeaders.signature];
  if (typeof timestamp !== 'string' || typeof signature !== 'string') return { refusal: 'unsigned' };
  if (!/^[0-9]{1,12}$/.test(timestamp)) return { refusal: 'unsigned' };
  if (raw.length > longestBody) return { refusal: 'too_large' };
  const given = signature.split(',', 4).flatMap((part) => /^v1=([0-9a-f]{64})$/.exec(part.trim())?.[1] ?? []);
  const wanted = secrets.filter(isLongEnough).map((secret) => signatureOf(secret, timestamp, raw));
  // Every pair is compared: how long it takes tells nothing of which one fits.
  const fits = given.flatMap((hex) => wanted.map((one) => timingSafeEqual(one, Buffer.from(hex, 'hex'))));
  if (!fits.includes(true)) return { refusal: 'bad_signature' };
  if (Math.abs(now - Number(timestamp) * 1000) > windowMs) return { refusal: 'stale' };
  const said = bodyIn(raw);
  // A secret that two systems share must not make a click of one a click of the other.
  if (said?.['v'] !== 1 || said['system'] !== system) return { refusal: 'malformed' };
  const click = clickSchema.safeParse(said['click']);
  return click.success ? { click: click.data } : { refusal: 'malformed' };
}

/** @throws CountersignError `invalid_configuration` for a secret that could be guessed */
export function assertForwardSecret(secret: string): void {
  if (!isLongEnough(secret)) {
    throw new CountersignError(
      'invalid_configuration',
      `a file of inboundSecretFiles must hold at least ${shortestSecret} characters`,
    );
  }
}

function isLongEnough(secret: string): boolean {
  return secret.length >= shortestSecret;
}

function signatureOf(secret: string, timestamp: string, raw: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`v1:${timestamp}:`).update(raw).digest();
}

function bodyIn(raw: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
