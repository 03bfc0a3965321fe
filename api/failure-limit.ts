import { createHash } from 'node:crypto';
import { ipKeyGenerator } from 'express-rate-limit';
import { CountersignError } from '../domain/error.ts';

/** How many refused bearer tokens one address may send in a minute. */
export interface FailureLimit {
  /**
   * Whether a token from this address is looked at.
   * @throws CountersignError `rate_limited` with `retryAfter`, s
   */
  admit(address: string, token: string): void;
  /** Remembers a good token: it is accepted whatever else comes from its address. */
  accepted(token: string): void;
  refused(address: string, token: string): void;
}

const windowMs = 60_000;
const mostKnown = 10_000;

/**
 * Counts refused tokens by address (IPv6: by /56) in windows of a minute. Beyond the limit nothing from that address is
 * looked at until the minute is over, but for tokens that were good here before: whoever shares an address with a
 * broken client or an attacker goes on.
 */
export function makeFailureLimit(perMinute: number, now: () => number = Date.now): FailureLimit {
  let window = NaN;
  const refusals = new Map<string, number>();
  // Digests, so that memory holds no more tokens than it must; the oldest goes first.
  const known = new Set<string>();

  function count(address: string): number {
    const current = Math.floor(now() / windowMs);
    if (current !== window) refusals.clear();
    window = current;
    return refusals.get(address) ?? 0;
  }

  return {
    admit(address, token) {
      if (count(ipKeyGenerator(address)) < perMinute || known.has(digestOf(token))) return;
      const retryAfter = Math.ceil(((window + 1) * windowMs - now()) / 1000);
      throw new CountersignError(
        'rate_limited',
        'too many tokens of this address were refused; wait a minute',
        {
          extra: { retryAfter },
        },
      );
    },
    accepted(token) {
      const digest = digestOf(token);
      known.delete(digest);
      known.add(digest);
      for (const oldest of known) {
        if (known.size <= mostKnown) break;
        known.delete(oldest);
      }
    },
    refused(address, token) {
      known.delete(digestOf(token));
      const key = ipKeyGenerator(address);
      refusals.set(key, count(key) + 1);
    },
  };
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
