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
  /** The service's own code, or one of ours for what was no answer, such as `not_sent` or `timeout`. At most 200 characters. */
  readonly code: string;
  /** At most 512 characters. */
  readonly message: string;
  readonly httpStatus: number | null;
  /** The service's id of this call, at most 200 characters, or null where no answer named one. */
  readonly requestId: string | null;
  /** No repeat earlier than this many ms (at least 1, at most a day), or null. */
  readonly retryAfterMs: number | null;
}

/** What is known of a fault beside class, code and message. */
export type FaultFacts = Pick<Fault, 'httpStatus' | 'requestId' | 'retryAfterMs'>;

/** Longest message of a fault, in characters. */
export const maxFaultMessage = 512;

/** Most characters of a service's code and of its id of a call. */
const mostNamed = 200;

/** A service's code or its id of a call, as the log can hold it. */
export function recordable(text: string, most = mostNamed): string {
  return text.slice(0, most).toWellFormed().replaceAll('\0', '\ufffd');
}

/** A fault from its class, its code and its message, as the log can hold them; what is not known of it is null. */
export function fault(
  kind: FaultClass,
  code: string,
  message: string,
  { httpStatus = null, requestId = null, retryAfterMs = null }: Partial<FaultFacts> = {},
): Fault {
  return {
    ok: false,
    class: kind,
    code: recordable(code),
    message: recordable(message, maxFaultMessage),
    httpStatus,
    requestId: requestId === null ? null : recordable(requestId),
    retryAfterMs,
  };
}
