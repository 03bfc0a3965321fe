import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { CountersignError } from '../domain/error.ts';

const windowMs = 60_000;
const mostKnown = 10_000;

/** Limits what one address sends in a minute: all of it, or only what is refused. */
export function addressLimit(perMinute: number, counts: 'all' | 'refused'): RequestHandler {
  return rateLimit({
    windowMs,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    skipSuccessfulRequests: counts === 'refused',
    // What was signed and is refused is somebody's decision: it does not keep the next one of its system out.
    requestWasSuccessful: (_req, res) => ![400, 401].includes(res.statusCode),
    handler: () => {
      throw new CountersignError('rate_limited', 'too many deliveries from this address; wait a minute');
    },
  });
}

/**
 * Counts what one account of another system asks for in a minute, as the writes of a person are counted.
 * @returns a function that throws CountersignError `rate_limited` for one too many
 */
export function makeAccountLimit(
  perMinute: number,
  now: () => number,
): (system: string, account: { readonly team: string; readonly user: string }) => void {
  let window = NaN;
  const counts = new Map<string, number>();
  return (system, { team, user }) => {
    const current = Math.floor(now() / windowMs);
    if (current !== window || counts.size > mostKnown) counts.clear();
    window = current;
    const key = JSON.stringify([system, team, user]);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count > perMinute) {
      throw new CountersignError('rate_limited', 'too many decisions by this account; wait a minute');
    }
  };
}
