import type { Refusal } from './operation.ts';

/** What of a certificate's snapshot decides whether its status may be changed. */
interface StatusSnapshot {
  readonly status: string;
  readonly validTo: string | null;
}

/**
 * Why a certificate that is there cannot be given a status, or null. An expired certificate may be inactivated: that takes
 * a right away, and never gives one.
 *
 * @param certificate - what it is, for the sentence
 * @param now - milliseconds since the epoch
 */
export function statusRefusal(
  certificate: string,
  { status, validTo }: StatusSnapshot,
  wished: 'active' | 'inactive',
  now: number,
): Refusal | null {
  if (status === wished) {
    return { code: `already_${wished}`, message: `the ${certificate} is ${wished} already` };
  }
  if (status !== 'active' && status !== 'inactive') {
    return { code: 'unknown_status', message: `the ${certificate} has the status ${status}` };
  }
  if (wished === 'active' && validTo !== null && Date.parse(validTo) <= now) {
    return { code: 'certificate_expired', message: `the ${certificate} expired at ${validTo}` };
  }
  return null;
}
