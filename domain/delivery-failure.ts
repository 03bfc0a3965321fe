/** What is known of a delivery that failed. */
export interface FailedDelivery {
  /** Whether a repeat of the same may help; false where the receiver takes it for wrong. */
  readonly mayHelp: boolean;
  /** The receiver wants no more of this subscription. */
  readonly isGone: boolean;
  /** The receiver cannot keep up: nothing else of the subscription comes to it meanwhile. */
  readonly isOverloaded: boolean;
  /** No repeat earlier than this many ms; null where the receiver did not say. */
  readonly retryAfterMs: number | null;
}

/** What is done after a delivery that failed. */
export type AfterFailure =
  | { readonly kind: 'retry'; readonly afterMs: number; readonly pausesAll: boolean }
  | { readonly kind: 'dead' }
  | { readonly kind: 'disable' };

const shortestMs = 5_000;
const longestMs = 3_600_000;
/** How long a delivery is tried, ms: a day. */
const givenUpAfterMs = 86_400_000;

/**
 * What follows a failed delivery: another try, 5 s after the first and then three times as late each time, at most an hour,
 * never before the receiver wants it, the last one a day after the first failure; a dead letter when that was it, or when no
 * repeat helps; or the end of the subscription.
 *
 * @param before - how many tries of it have failed before this one, and when the first did, ms since the epoch; null: this one
 * @param now - ms since the epoch
 */
export function afterFailure(
  failed: FailedDelivery,
  before: { readonly attempts: number; readonly firstFailedAt: number | null },
  now: number,
): AfterFailure {
  if (failed.isGone) return { kind: 'disable' };
  const end = (before.firstFailedAt ?? now) + givenUpAfterMs;
  if (!failed.mayHelp || now >= end) return { kind: 'dead' };
  const ownMs = Math.min(shortestMs * 3 ** Math.min(before.attempts, 10), longestMs);
  const wantedMs = Math.max(ownMs, failed.retryAfterMs ?? 0);
  return { kind: 'retry', afterMs: Math.min(wantedMs, end - now), pausesAll: failed.isOverloaded };
}
