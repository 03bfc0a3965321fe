interface KnownError {
  readonly status: number;
  /** The status after the vendor's notice that moves codes between statuses. */
  readonly movedTo?: number;
  readonly message: string;
}

/**
 * The errors that the simulator answers by itself, with the vendor's texts.
 * The product's codes are those of its error tables; signature and credential codes are those of the vendor's gateway,
 * whose statuses are documented for other products of the same gateway.
 */
const KNOWN = {
  ParameterFieldCheckFailed: {
    status: 400,
    message: 'Failed to validate the parameters. The parameters may be missing or invalid.',
  },
  FindCaBySnError: {
    status: 500,
    movedTo: 400,
    message: 'Failed to find the CA by the SN. Please check sn is valid.',
  },
  // The notice is not known to move it.
  FindDeviceBySnError: {
    status: 500,
    message: 'Failed to find the device certificate by the SN. Please check sn is valid',
  },
  MqttInstanceNotFound: { status: 500, movedTo: 400, message: 'Specified instance is not found' },
  PermissionCheckFailed: { status: 403, message: 'Failed to verify API permissions.' },
  MqttOwnerCheckError: { status: 403, message: 'Failed to validate the instance permission' },
  InternalError: {
    status: 500,
    movedTo: 417,
    message: 'An error occurred while processing. Try again later.',
  },
  SystemOverFlow: { status: 500, movedTo: 403, message: 'The system is being throttled. Please try again.' },
  ServiceUnavailable: {
    status: 503,
    message: 'The request has failed due to a temporary failure of the server.',
  },
  'Throttling.User': { status: 429, message: 'Request was denied due to user flow control.' },
  MissingParameter: { status: 400, message: 'A mandatory parameter of this request is not supplied.' },
  InvalidVersion: { status: 404, message: 'Specified parameter Version is not valid.' },
  'InvalidAction.NotFound': {
    status: 404,
    message: 'Specified api is not found, please check your url and method.',
  },
  UnsupportedHTTPMethod: { status: 405, message: 'This http method is not supported.' },
  'InvalidAccessKeyId.NotFound': { status: 404, message: 'Specified access key is not found.' },
  IncompleteSignature: {
    status: 400,
    message: 'The request signature does not conform to Aliyun standards.',
  },
  SignatureDoesNotMatch: { status: 400, message: 'Specified signature is not matched with our calculation.' },
  SignatureNonceUsed: { status: 400, message: 'Specified signature nonce was used already.' },
  'InvalidTimeStamp.Expired': { status: 400, message: 'Specified time stamp or date value is expired.' },
  'InvalidTimeStamp.Format': {
    status: 400,
    message: 'Specified time stamp or date value is not well formatted.',
  },
  MissingSecurityToken: { status: 400, message: 'SecurityToken is mandatory for this action.' },
  'InvalidSecurityToken.MismatchWithAccessKey': {
    status: 400,
    message: 'Specified SecurityToken mismatch with the AccessKey.',
  },
  'InvalidSecurityToken.Expired': { status: 400, message: 'Specified SecurityToken is expired.' },
  'InvalidParameter.RoleArn': { status: 400, message: 'The parameter RoleArn is wrongly formed.' },
  'InvalidParameter.RoleSessionName': {
    status: 400,
    message: 'The parameter RoleSessionName is wrongly formed.',
  },
  'InvalidParameter.DurationSeconds': {
    status: 400,
    message: 'The Min/Max value of DurationSeconds is 15min/12hr.',
  },
  'InvalidParameter.PolicyGrammar': {
    status: 400,
    message: 'The parameter Policy has not passed grammar check.',
  },
} as const satisfies Record<string, KnownError>;

/** A code that the simulator answers by itself. */
export type KnownCode = keyof typeof KNOWN;

const table: ReadonlyMap<string, KnownError> = new Map(Object.entries(KNOWN));

/**
 * The HTTP status of a code.
 *
 * @param code a vendor code; an unknown one is answered at 500
 * @param moved whether the vendor's notice is in force (codes move between statuses, bodies unchanged)
 */
export function statusOf(code: string, moved: boolean): number {
  const known = table.get(code);
  if (known === undefined) return code.includes('Throttling') ? 429 : 500;
  return (moved ? known.movedTo : undefined) ?? known.status;
}

/** The vendor's text for a code, or a plain one when the code is not known here. */
export function messageOf(code: string): string {
  return table.get(code)?.message ?? `Simulated error ${code}.`;
}

/** An error answer in the vendor's form; thrown by the checks, answered by the endpoint. */
export class VendorError extends Error {
  readonly code: KnownCode;
  /** Milliseconds until a repeat may succeed, on throttling. */
  readonly retryAfterMs: number | undefined;

  constructor(code: KnownCode, detail?: string, retryAfterMs?: number) {
    super(detail === undefined ? messageOf(code) : `${messageOf(code)} ${detail}`);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
