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
  /** The vendor's `Code`, or one of ours for what never became an answer: `timeout`, `connection_reset`, `not_sent`, `unreadable_answer`, `other_sn`. */
  readonly code: string;
  /** At most 512 characters, without URL, instance or serial number where the SDK would put them in. */
  readonly message: string;
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  /** No repeat earlier than this many ms, or null. */
  readonly retryAfterMs: number | null;
}

export interface ActivationAnswer {
  readonly ok: true;
  readonly requestId: string;
  readonly httpStatus: 200;
}

export interface ReadAnswer {
  readonly ok: true;
  readonly requestId: string;
  /** Null when the vendor said that there is no such certificate or instance (FindCaBySnError, MqttInstanceNotFound). */
  readonly certificate: CaCertificateSnapshot | null;
}

/** What Countersign asks of ApsaraMQ for MQTT. Nothing here retries: Temporal does. */
export interface OnsMqtt {
  /** One ActiveCaCertificate call, behind the account's limiter. POST, vendor's page; answers within the outer deadline. */
  activeCaCertificate(ref: CaCertificateRef): Promise<ActivationAnswer | VendorFault>;
  /** One GetCaCertificate call. */
  getCaCertificate(ref: CaCertificateRef): Promise<ReadAnswer | VendorFault>;
}

/** Lets a call start only when the account's rate allows it. Resolves when the caller may call at once. */
export interface CallPace {
  claim(): Promise<void>;
}
