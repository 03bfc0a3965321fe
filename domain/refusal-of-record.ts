import type { Change, SignedRequest } from './change.ts';
import { refusalOfEvent } from './change-event.ts';
import { decide } from './decide.ts';
import type { CountersignError } from './error.ts';

/**
 * Why what somebody said could not be written down; null when it could, and where there is nothing to write.
 *
 * @param now - milliseconds since the epoch
 * @returns null, or `invalid_request` (400)
 */
export function refusalOfRecord(
  change: Change,
  request: SignedRequest,
  now: number,
): CountersignError | null {
  const verdict = decide(change, { kind: 'request', request }, { now });
  const [event] = 'events' in verdict ? verdict.events : [];
  return event ? refusalOfEvent(change, event) : null;
}
