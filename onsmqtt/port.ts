import type { Fault } from '../domain/fault.ts';

/** One request of the product, API version 2020-04-20. */
export interface VendorRequest {
  /** The vendor's action, such as `ActiveCaCertificate`. */
  readonly action: string;
  readonly method: 'GET' | 'POST';
  readonly regionId: string;
  readonly mqttInstanceId: string;
  /** Its parameters beside `MqttInstanceId`; none of them is empty. */
  readonly query: Readonly<Record<string, string>>;
  /**
   * The action's name in RAM policies, such as `mq:ActiveCaCertificate`: for some it is not the action's own. A session
   * that is limited to it makes the call, where calls have sessions. Null for a read, which the worker's own key makes.
   */
  readonly ramAction: string | null;
}

/** A 200 in JSON without an error. */
export interface VendorAnswer {
  readonly ok: true;
  readonly body: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
}

/** For what a request is made, and until when. */
export interface Sending {
  /** The change, a UUID: it names the call's session where there is one. */
  readonly changeId: string;
  /** Ms since 1970: what could not be sent by then is `not_sent`. */
  readonly notAfter: number;
}

/**
 * What Countersign asks of ApsaraMQ for MQTT. Nothing here retries: Temporal does. A fault's code is the vendor's `Code`, or
 * one of ours for what never became an answer of the vendor's form: `not_sent`, `invalid_input`, `timeout`,
 * `connection_reset`, `unreadable_answer`, `other_sn`. Its message has no URL, instance, serial number or credentials.
 */
export interface OnsMqtt {
  /**
   * Gets the key and the slot for one request. The function that it answers sends at once and answers within the outer
   * deadline, counted from then.
   */
  prepare(request: VendorRequest, sending: Sending): Promise<Fault | (() => Promise<VendorAnswer | Fault>)>;
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
