import { createHash, createHmac } from 'node:crypto';
import { header } from './incoming.ts';
import type { Incoming, Pair } from './incoming.ts';

/** Percent-encoding of RFC 3986: everything but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalPairs(pairs: readonly Pair[]): string {
  return pairs
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
}

/** SHA-256 in lower-case hexadecimal, as `x-acs-content-sha256` carries it. */
export function sha256Hex(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The `Authorization` header of an ACS3 request, taken apart. */
export interface Acs3Authorization {
  readonly accessKeyId: string;
  /** Lower-case names in the order of the header. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Takes an `Authorization` header apart; `undefined` when it is not of the form ACS3-HMAC-SHA256 has. */
export function parseAcs3Authorization(value: string): Acs3Authorization | undefined {
  const match =
    /^ACS3-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      value,
    );
  if (match === null) return undefined;
  const [, accessKeyId = '', signedHeaders = '', signature = ''] = match;
  return { accessKeyId, signedHeaders: signedHeaders.split(';'), signature };
}

/**
 * What an ACS3 request is signed over: the algorithm's name and the hash of the canonical request.
 * Source: the vendor's "V3 request body and signature" page.
 */
export function acs3StringToSign(incoming: Incoming, signedHeaders: readonly string[]): string {
  const headers = signedHeaders.map((name) => `${name}:${(header(incoming, name) ?? '').trim()}\n`).join('');
  const canonicalRequest = [
    incoming.method,
    incoming.path,
    canonicalPairs(incoming.query),
    headers,
    signedHeaders.join(';'),
    sha256Hex(incoming.body),
  ].join('\n');
  return `ACS3-HMAC-SHA256\n${sha256Hex(canonicalRequest)}`;
}

/** The signature of an ACS3 request, lower-case hexadecimal. */
export function acs3Signature(stringToSign: string, secret: string): string {
  return createHmac('sha256', secret).update(stringToSign).digest('hex');
}

/**
 * What a request of the older RPC signature (version 1.0, HMAC-SHA1) is signed over: method, path and all parameters
 * but the signature. The vendor's credential library signs AssumeRole so.
 */
export function rpcStringToSign(incoming: Incoming): string {
  const pairs = [...incoming.query, ...incoming.form].filter(([name]) => name !== 'Signature');
  return `${incoming.method}&${encode('/')}&${encode(canonicalPairs(pairs))}`;
}

/** The signature of a request of the older RPC signature, base64. */
export function rpcSignature(stringToSign: string, secret: string): string {
  return createHmac('sha1', `${secret}&`).update(stringToSign).digest('base64');
}
