/**
 * How a call that did not succeed is to be treated.
 *
 * - `transient`: it did nothing, and a repeat may help
 * - `throttled`: the same, no earlier than `retryAfterMs`
 * - `doubtful`: it did nothing, and a repeat seldom helps: a bounded number of repeats
 * - `permanent`: it did nothing, and no repeat helps
 * - `unknown`: it may have done something; the target has to be read
 */
export type FaultClass = (typeof faultClasses)[number];

/** Every {@link FaultClass}. */
export const faultClasses = ['transient', 'throttled', 'doubtful', 'permanent', 'unknown'] as const;

/**
 * A call or a read that did not succeed. Returned, not thrown: an answer is a fact that is recorded. It is shown to
 * people and is in the audit log, so no member contains a URL, a credential or key material.
 */
export interface Fault {
  readonly ok: false;
  readonly class: FaultClass;
  /** The service's own code, or one of ours for what was no answer, such as `not_sent` or `timeout`. */
  readonly code: string;
  /** At most 512 characters. */
  readonly message: string;
  readonly httpStatus: number | null;
  /** The service's id of this call, or null where no answer named one. */
  readonly requestId: string | null;
  /** No repeat earlier than this many ms (at least 1, at most a day), or null. */
  readonly retryAfterMs: number | null;
}

/** Longest message of a fault, in characters. */
export const maxFaultMessage = 512;

/** A fault from its class, its code and its message; what is not known of it is null. */
export function fault(
  kind: FaultClass,
  code: string,
  message: string,
  known: Partial<Pick<Fault, 'httpStatus' | 'requestId' | 'retryAfterMs'>> = {},
): Fault {
  return {
    ok: false,
    class: kind,
    code,
    message: message.slice(0, maxFaultMessage).toWellFormed(),
    httpStatus: null,
    requestId: null,
    retryAfterMs: null,
    ...known,
  };
}
