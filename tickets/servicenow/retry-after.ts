const longestMs = 3_600_000;

/**
 * How long an answer asks to wait, ms, at most an hour: `Retry-After` in seconds, otherwise `X-RateLimit-Reset` (Unix seconds).
 *
 * @param now - ms since the epoch
 * @returns null when it does not say
 */
export function retryAfterMs(headers: Headers, now: number): number | null {
  const seconds = headers.get('retry-after');
  if (seconds !== null && /^\d{1,9}$/.test(seconds)) return Math.min(Number(seconds) * 1000, longestMs);
  const reset = headers.get('x-ratelimit-reset');
  if (reset === null || !/^\d{1,12}$/.test(reset)) return null;
  return Math.min(Math.max(0, Number(reset) * 1000 - now), longestMs);
}
