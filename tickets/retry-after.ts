const day = 86_400_000;

/**
 * How long an answer asks to wait: `Retry-After` (RFC 9110 section 10.2.3), seconds or a date.
 *
 * @param now - ms since the epoch
 * @param longestMs - what is more counts as this; default a day
 * @returns ms from now, at least 0; null where it does not say
 */
export function retryAfterMs(header: string | null, now: number, longestMs = day): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Math.min(Number(header) * 1000, longestMs);
  return /^[A-Z][a-z]{2}, /.test(header) ? untilMs(Date.parse(header), now, longestMs) : null;
}

/** The same for the moment at which a limit begins anew. @param at - ms since the epoch; NaN: it is not known */
export function untilMs(at: number, now: number, longestMs = day): number | null {
  return Number.isFinite(at) ? Math.min(Math.max(at - now, 0), longestMs) : null;
}
