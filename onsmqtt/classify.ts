import type { FaultClass } from '../domain/fault.ts';

/**
 * How far a call came.
 *
 * - `answer`: the service answered an error, at 400 and above or in a 200's body
 * - `not_sent`: surely nothing was sent
 * - `invalid_input`: refused here, before anything was sent
 * - `timeout`, `connection_reset`, `unreadable_answer`, `other_sn`: something may have been sent and done, but nothing
 *   that could be read says so
 */
export type FaultKind =
  'answer' | 'not_sent' | 'invalid_input' | 'timeout' | 'connection_reset' | 'unreadable_answer' | 'other_sn';

/** What is known of a call that did not succeed. */
export interface FaultFacts {
  readonly kind: FaultKind;
  /** The vendor's `Code`; null when there was none. */
  readonly code: string | null;
  /** Null when no answer came. */
  readonly httpStatus: number | null;
}

/** Codes of the product that pass, at whatever status: the vendor's notice moves InternalError from 500 to 417. */
const passing = new Set(['InternalError', 'ServiceUnavailable']);
/** Codes that the vendor answers at 500, though a repeat seldom helps; at 400, where its notice moves them, they are final. */
const doubtfulAt500 = new Set([
  'FindCaBySnError',
  'FindDeviceBySnError',
  'MqttInstanceNotFound',
  'ParameterFieldCheckFailed',
]);
/** Refusals of the caller, final at whatever status: the notice moves MqttOwnerCheckError from 500 to 403. */
const denied = new Set([
  'PermissionCheckFailed',
  'MqttOwnerCheckError',
  'InstancePermissionCheckFailed',
  'ApiNotSupport',
]);
/** Signature and credential codes of the vendor's gateway, with or without a part after a dot. */
const badCredential =
  /^(SignatureDoesNotMatch|SignatureNonceUsed|IncompleteSignature|InvalidTimeStamp|InvalidAccessKeyId|InvalidSecurityToken|MissingSecurityToken)(\.|$)/;

/** True for a code that says that the key, its token or the signature made with it is not accepted. */
export function isCredentialCode(code: string): boolean {
  return badCredential.test(code);
}

/**
 * How a fault is to be treated, by code and status together: the vendor's notice moves codes between statuses, so a
 * status alone decides only for codes that nobody knows.
 *
 * Where the vendor documents nothing, the class is the one that promises less: `doubtful` (a bounded number of repeats)
 * for the doubtful codes at other statuses from 500 on. An error in a success answer contradicts itself and is no word
 * about the certificate that was asked for, so it is `unknown` unless it is throttling; so is an error without a code,
 * some proxy's, where the request may have gone through: from 500 on, and at 408.
 */
export function classify({ kind, code, httpStatus }: FaultFacts): FaultClass {
  if (kind === 'not_sent') return 'transient';
  if (kind === 'invalid_input') return 'permanent';
  if (kind !== 'answer') return 'unknown';
  if (code !== null && (code === 'SystemOverFlow' || code.includes('Throttling'))) return 'throttled';
  if (httpStatus === null || httpStatus < 400) return 'unknown';
  if (code !== null) {
    if (passing.has(code)) return 'transient';
    if (denied.has(code) || isCredentialCode(code)) return 'permanent';
  }
  if (httpStatus === 429) return 'throttled';
  if (code === null) return httpStatus >= 500 || httpStatus === 408 ? 'unknown' : 'permanent';
  if (httpStatus < 500) return 'permanent';
  return doubtfulAt500.has(code) ? 'doubtful' : 'transient';
}
