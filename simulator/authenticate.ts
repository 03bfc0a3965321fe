import { header } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import { sameSecret } from './key-ring.ts';
import type { AccessKey, KeyRing } from './key-ring.ts';
import type { NonceMemory } from './nonce-memory.ts';
import {
  acs3Signature,
  acs3StringToSign,
  parseAcs3Authorization,
  rpcSignature,
  rpcStringToSign,
  sha256Hex,
} from './signature.ts';
import { VendorError } from './vendor-error.ts';

/** A request's date may differ from the server's by this much, milliseconds. */
const DATE_WINDOW_MS = 15 * 60_000;

const MANDATORY_HEADERS = [
  'x-acs-action',
  'x-acs-version',
  'x-acs-date',
  'x-acs-signature-nonce',
  'x-acs-content-sha256',
] as const;
const RPC_PARAMETERS = [
  'Action',
  'Version',
  'AccessKeyId',
  'Timestamp',
  'SignatureNonce',
  'Signature',
] as const;

/** What the checks need to know. */
export interface AuthenticationContext {
  readonly keys: KeyRing;
  readonly nonces: NonceMemory;
  /** Unix milliseconds. */
  readonly now: number;
}

interface Claim {
  readonly accessKeyId: string;
  readonly securityToken: string | undefined;
  readonly date: string;
  readonly nonce: string;
  /** Throws unless the signature is the one that this secret makes. */
  verify(secret: string): void;
}

function missing(name: string): VendorError {
  return new VendorError('MissingParameter', `Expected ${name}.`);
}

function mismatch(stringToSign: string): VendorError {
  return new VendorError('SignatureDoesNotMatch', `server string to sign is:${stringToSign}`);
}

function acs3Claim(incoming: Incoming, authorization: string): Claim {
  const values = new Map<string, string>();
  for (const name of MANDATORY_HEADERS) {
    const value = header(incoming, name);
    if (value === undefined || value === '') throw missing(name);
    values.set(name, value);
  }
  const parsed = parseAcs3Authorization(authorization);
  if (parsed === undefined)
    throw new VendorError('IncompleteSignature', 'Expected Credential, SignedHeaders, Signature.');
  const { accessKeyId, signedHeaders, signature } = parsed;
  // An x-acs header outside the signature could be changed on the way, so all of them must be in it.
  const mustBeSigned = Object.keys(incoming.headers).filter(
    (name) =>
      name.startsWith('x-acs-') || name === 'host' || (name === 'content-type' && incoming.body.length > 0),
  );
  const unsigned = mustBeSigned.find((name) => !signedHeaders.includes(name));
  if (unsigned !== undefined)
    throw new VendorError('IncompleteSignature', `Expected ${unsigned} in SignedHeaders.`);
  const verify = (secret: string): void => {
    const stringToSign = acs3StringToSign(incoming, signedHeaders);
    if (!sameSecret(values.get('x-acs-content-sha256') ?? '', sha256Hex(incoming.body))) {
      throw new VendorError('SignatureDoesNotMatch', 'x-acs-content-sha256 is not the hash of the body.');
    }
    if (!sameSecret(signature, acs3Signature(stringToSign, secret))) throw mismatch(stringToSign);
  };
  return {
    accessKeyId,
    securityToken: header(incoming, 'x-acs-security-token'),
    date: values.get('x-acs-date') ?? '',
    nonce: values.get('x-acs-signature-nonce') ?? '',
    verify,
  };
}

function rpcClaim(incoming: Incoming): Claim {
  const values = new Map([...incoming.query, ...incoming.form]);
  for (const name of RPC_PARAMETERS) if ((values.get(name) ?? '') === '') throw missing(name);
  const verify = (secret: string): void => {
    const stringToSign = rpcStringToSign(incoming);
    if (values.get('SignatureMethod') !== 'HMAC-SHA1')
      throw new VendorError('IncompleteSignature', 'Expected HMAC-SHA1.');
    if (!sameSecret(values.get('Signature') ?? '', rpcSignature(stringToSign, secret)))
      throw mismatch(stringToSign);
  };
  return {
    accessKeyId: values.get('AccessKeyId') ?? '',
    securityToken: values.get('SecurityToken'),
    date: values.get('Timestamp') ?? '',
    nonce: values.get('SignatureNonce') ?? '',
    verify,
  };
}

function checkToken(key: AccessKey, token: string | undefined, now: number): void {
  if (key.temporary === undefined) {
    if (token !== undefined && token !== '')
      throw new VendorError('InvalidSecurityToken.MismatchWithAccessKey');
    return;
  }
  if (token === undefined || token === '') throw new VendorError('MissingSecurityToken');
  if (!sameSecret(token, key.temporary.securityToken)) {
    throw new VendorError('InvalidSecurityToken.MismatchWithAccessKey');
  }
  if (key.temporary.expiresAt <= now) throw new VendorError('InvalidSecurityToken.Expired');
}

function checkDate(date: string, now: number): void {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(date) ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(time))
    throw new VendorError('InvalidTimeStamp.Format', `Expected YYYY-MM-DDThh:mm:ssZ, got ${date}.`);
  if (Math.abs(now - time) > DATE_WINDOW_MS) throw new VendorError('InvalidTimeStamp.Expired');
}

/**
 * Verifies who signed a request: ACS3-HMAC-SHA256 headers, or the older RPC signature in the parameters.
 *
 * @returns the access key that signed
 * @throws VendorError MissingParameter, IncompleteSignature, InvalidAccessKeyId.NotFound, MissingSecurityToken,
 *   InvalidSecurityToken.*, InvalidTimeStamp.*, SignatureDoesNotMatch, SignatureNonceUsed
 */
export function authenticate(incoming: Incoming, context: AuthenticationContext): AccessKey {
  const authorization = header(incoming, 'authorization');
  const isRpc =
    authorization === undefined &&
    [...incoming.query, ...incoming.form].some(([name]) => name === 'Signature');
  if (authorization === undefined && !isRpc) throw missing('Authorization');
  const claim = authorization === undefined ? rpcClaim(incoming) : acs3Claim(incoming, authorization);
  const key = context.keys.find(claim.accessKeyId);
  if (key === undefined) throw new VendorError('InvalidAccessKeyId.NotFound');
  checkDate(claim.date, context.now);
  claim.verify(key.secret);
  checkToken(key, claim.securityToken, context.now);
  // Last, so that only a request that was otherwise good uses its nonce up.
  if (!context.nonces.take(key.accessKeyId, claim.nonce, context.now))
    throw new VendorError('SignatureNonceUsed');
  return key;
}
