import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Fault } from '../domain/fault.ts';
import type { FailedCall } from './contract.ts';

/**
 * A fault as the failure that Temporal's retry policy acts on: its class is the type, its retry-after the next delay.
 *
 * @param exhausted - whether it has been repeated as often as its class allows
 */
export function failureOf(fault: Fault, exhausted: boolean): ApplicationFailure {
  const { code, message, requestId, retryAfterMs } = fault;
  const final = fault.class === 'permanent' || exhausted;
  const detail: FailedCall = { code, message, requestId };
  return ApplicationFailure.create({
    type: final ? 'permanent' : fault.class,
    message: `${code}: ${message}`,
    nonRetryable: final,
    details: [detail],
    ...(retryAfterMs !== null && retryAfterMs > ownDelayMs() ? { nextRetryDelay: retryAfterMs } : {}),
  });
}

/** What Temporal would wait by itself, ms: a retry-after may make it longer, never shorter. */
function ownDelayMs(): number {
  const { attempt, retryPolicy } = activityInfo() as {
    attempt: number;
    retryPolicy?: { initialInterval?: unknown; maximumInterval?: unknown; backoffCoefficient?: number };
  };
  const { initialInterval, maximumInterval, backoffCoefficient = 2 } = retryPolicy ?? {};
  const first = typeof initialInterval === 'number' ? initialInterval : 1000;
  const longest = typeof maximumInterval === 'number' ? maximumInterval : 100 * first;
  return Math.min(longest, first * backoffCoefficient ** (attempt - 1));
}
