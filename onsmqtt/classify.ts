import type { FaultClass } from './port.ts';

/** What is known of a call that did not succeed. */
export interface Fault {
  /** The vendor's `Code`, Node's error code, or null when nothing readable came. */
  readonly code: string | null;
  /** Null when no answer came. */
  readonly httpStatus: number | null;
}

/** Codes that the vendor answers at 500 although a repeat seldom helps; at any other status they are final. */
const doubtfulAt500 = new Set(['FindCaBySnError', 'MqttInstanceNotFound', 'ParameterFieldCheckFailed']);
/** Product-wide codes that pass, at whatever status the vendor's notice moves them to. */
const passing = new Set(['InternalError', 'ServiceUnavailable']);
/** The permission codes of the vendor's page, final at any status. */
const denied = new Set([
  'PermissionCheckFailed',
  'MqttOwnerCheckError',
  'InstancePermissionCheckFailed',
  'ApiNotSupport',
]);
/** Faults before anything was sent. */
const notSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * How a fault is to be treated, by code and status together: the vendor's notice of 2025 moves codes between statuses,
 * so a status alone decides only for codes that nobody knows.
 */
export function classify({ code, httpStatus }: Fault): FaultClass {
  if (code !== null) {
    if (code === 'SystemOverFlow' || code.includes('Throttling')) return 'throttled';
    if (passing.has(code)) return 'transient';
    if (denied.has(code) || code === 'InvalidCredentials') return 'permanent';
    if (doubtfulAt500.has(code)) return httpStatus === null || httpStatus >= 500 ? 'doubtful' : 'permanent';
    if (notSent.has(code)) return 'transient';
  }
  if (httpStatus === 429) return 'throttled';
  if (code === null || httpStatus === null) return 'unknown';
  if (httpStatus >= 500) return 'transient';
  return httpStatus >= 400 ? 'permanent' : 'unknown';
}
