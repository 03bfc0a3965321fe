import type { CaCertificateSnapshot } from '../operations/active-ca-certificate.ts';

/** Which certificate. */
export interface CaCertificateRef {
  readonly regionId: string;
  readonly mqttInstanceId: string;
  readonly sn: string;
}

/**
 * How a call ended: one of the classes of {@link ./classify.ts}, with what the vendor said. Never contains a URL, a
 * credential or key material.
 */
export type FaultClass = 'transient' | 'throttled' | 'doubtful' | 'permanent' | 'unknown';

/** A call that did not succeed. Returned, not thrown: an answer is a fact to be recorded. */
export interface VendorFault {
  readonly ok: false;
  readonly class: FaultClass;
  /**
   * The vendor's `Code`, or one of ours for what never became an answer of the vendor's form: `not_sent`, `invalid_input`,
   * `timeout`, `connection_reset`, `unreadable_answer`, `other_sn`.
   */
  readonly code: string;
  /** At most 512 characters, without URL, instance, serial number or credentials. */
  readonly message: string;
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  /** No repeat earlier than this many ms (at least 1, at most a day), or null. */
  readonly retryAfterMs: number | null;
}

/** A read that did not succeed. A read does nothing, so its outcome is never `unknown`: the certificate is unread. */
export interface ReadFault extends VendorFault {
  readonly class: Exclude<FaultClass, 'unknown'>;
}

export interface ActivationAnswer {
  readonly ok: true;
  readonly requestId: string;
  readonly httpStatus: 200;
}

export interface ReadAnswer {
  readonly ok: true;
  readonly requestId: string;
  /** Null when the vendor said that there is no such certificate or instance (FindCaBySnError, MqttInstanceNotFound at 500 or 400). */
  readonly certificate: CaCertificateSnapshot | null;
}

/** What is asked last, once a call has its key and its slot. */
export interface Sending {
  /** Ms since 1970: what could not be sent by then is `not_sent`; default: never. */
  readonly notAfter?: number;
  /**
   * Right before the request leaves; false: it is `not_sent`. Whatever this throws is thrown on, and nothing is sent.
   */
  readonly begin?: () => Promise<boolean>;
}

/** What Countersign asks of ApsaraMQ for MQTT. Nothing here retries: Temporal does. */
export interface OnsMqtt {
  /**
   * One ActiveCaCertificate call, behind the account's limiter. POST, vendor's page; answers within the outer deadline,
   * counted from the sending.
   *
   * @param changeId - the change that it is made for, a UUID; it names the call's session where there is one
   */
  activeCaCertificate(
    ref: CaCertificateRef,
    changeId: string,
    sending?: Sending,
  ): Promise<ActivationAnswer | VendorFault>;
  /** One GetCaCertificate call. */
  getCaCertificate(ref: CaCertificateRef): Promise<ReadAnswer | ReadFault>;
}

/** Lets a call start only when the account's rate allows it. */
export interface CallPace {
  /**
   * Resolves when the caller may call, and has to call at once.
   *
   * @throws CountersignError `log_unavailable` when no slot could be reserved, `rate_limited` when none came in time
   */
  claim(): Promise<void>;
}
