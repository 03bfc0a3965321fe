import { CountersignError } from '../domain/error.ts';

/** Why a payload cannot be read. */
export type UnreadableReason =
  /** Nobody told this process how it is encoded. */
  | 'unknown_encoding'
  /** The key that it names is not on this process's ring. It may come: whoever waits loses nothing. */
  | 'key_missing'
  /** The codec of its host has refused it, and only that codec knows why. Its key may come. */
  | 'codec_refused'
  /** It was altered, or is another workflow's. */
  | 'not_authentic'
  /** It says that it is JSON, and is not, or is nested too deep. */
  | 'no_json';

/**
 * A payload of Temporal's that this process cannot read; code `payload_unreadable`. Its name is the code, so that it is the type
 * of the failure that Temporal makes of it.
 */
export class PayloadUnreadable extends CountersignError {
  readonly reason: UnreadableReason;
  constructor(reason: UnreadableReason, message: string, cause?: unknown) {
    super('payload_unreadable', message, cause === undefined ? {} : { cause });
    this.name = 'payload_unreadable';
    this.reason = reason;
  }
}
