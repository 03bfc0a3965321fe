import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far from now the time of a signed request may be, either way, s. */
const toleranceSeconds = 300;

/** Why a request is not taken for one of Slack's. */
export type SignatureFault = 'no_secret' | 'unsigned' | 'too_old' | 'from_the_future' | 'bad_signature';

/** A request as it came: its bytes before anybody read them as text. */
export interface RawRequest {
  readonly raw: Uint8Array;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * Why a request is not Slack's, or not of now; null when it is: `X-Slack-Signature` is the HMAC-SHA256 over
 * `v0:<timestamp>:<raw body>` with one of the secrets, and the timestamp is at most 300 s from now, in either direction.
 * A signature for later would be good for a repeat until then.
 *
 * @param secrets - signing secrets of the app: two while one is replaced
 * @param now - milliseconds since the epoch
 */
export function signatureFault(
  { raw, headers }: RawRequest,
  secrets: readonly string[],
  now: number,
): SignatureFault | null {
  // HMAC takes an empty key, and everybody knows that one.
  const usable = secrets.filter((secret) => secret !== '');
  if (usable.length === 0) return 'no_secret';
  const timestamp = headers['x-slack-request-timestamp'];
  const signature = headers['x-slack-signature'];
  if (typeof timestamp !== 'string' || typeof signature !== 'string') return 'unsigned';
  if (!/^[1-9]\d{0,11}$/.test(timestamp)) return 'unsigned';
  const hex = /^v0=([0-9a-f]{64})$/.exec(signature)?.[1];
  if (hex === undefined) return 'unsigned';
  const sent = Buffer.from(hex, 'hex');
  // Every secret is tried, whichever fits, so that the time taken says nothing.
  const fits = usable.map((secret) => {
    const mac = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(raw).digest();
    return timingSafeEqual(mac, sent);
  });
  if (!fits.includes(true)) return 'bad_signature';
  const age = now / 1000 - Number(timestamp);
  if (age > toleranceSeconds) return 'too_old';
  return age < -toleranceSeconds ? 'from_the_future' : null;
}
