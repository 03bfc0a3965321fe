import { decodeJwt, decodeProtectedHeader, errors } from 'jose';
import type { JWTPayload } from 'jose';
import { CountersignError } from '../domain/error.ts';
import type { ErrorCode } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { shownJson } from '../domain/shown-text.ts';
import { isoTime } from '../domain/time.ts';
import { accessTokenFault } from './access-token.ts';
import { claimsLeftOut, readClaims } from './claims.ts';
import type { ClaimMapping, ReadClaim } from './claims.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** What a person's token says, and why it would be refused. Its claims count only when it is accepted. */
export interface ExplainedToken {
  readonly accepted: boolean;
  /** As the API would answer; null where the token is accepted. */
  readonly code: ErrorCode | null;
  /** Why it is refused, in words. */
  readonly faults: readonly string[];
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly name: string | null;
  /** ISO 8601. */
  readonly expiresAt: string | null;
  readonly authentication: Person['authentication'] | null;
  readonly roles: ReadClaim;
  readonly groups: ReadClaim;
  /** Claims of roles or groups that the provider left out because they are too long for a token. */
  readonly leftOut: readonly string[];
}

/** Whose tokens are accepted. */
export interface Expected {
  readonly issuer: string;
  readonly audience: string;
  /** How far the clocks may differ, s. */
  readonly clockToleranceSeconds: number;
  readonly claims: ClaimMapping;
}

/**
 * What a token says, claim by claim, whether or not it would be accepted.
 *
 * @param now - milliseconds since the epoch
 */
export async function explainToken(
  token: string,
  expected: Expected,
  verifier: TokenVerifier,
  now: number,
): Promise<ExplainedToken> {
  const header = decoded(() => decodeProtectedHeader(token));
  const payload = decoded(() => decodeJwt(token));
  const refused = await verifier.verify(token).then(
    () => null,
    (error: unknown) => error,
  );
  const code =
    refused === null ? null : refused instanceof CountersignError ? refused.code : 'internal_error';
  const readable = header !== null && payload !== null;
  const plain = readable ? plainFaults(header, payload, expected, now) : ['it is no signed JWT'];
  const first = refused === null ? null : faultOf(refused);
  // What the verifier found first may be among the plain ones, in other words.
  const faults = refused === null ? [] : [...plain, ...(first !== null && readable ? [first] : [])];
  const { sub, name, exp } = payload ?? {};
  const claims = readClaims(payload ?? {}, expected.claims);
  return {
    accepted: refused === null,
    code,
    faults: faults.length > 0 || refused === null ? faults : ['the verifier refuses it'],
    issuer: textOf(payload?.iss),
    subject: textOf(sub),
    name: textOf(name),
    expiresAt: typeof exp === 'number' && Math.abs(exp) < 8.64e12 ? isoTime(exp * 1000) : null,
    authentication: payload === null ? null : claims.authentication,
    roles: claims.roles,
    groups: claims.groups,
    leftOut: claimsLeftOut(payload ?? {}, expected.claims),
  };
}

/** All faults that can be seen without a key. */
function plainFaults(
  header: { readonly typ?: unknown },
  payload: JWTPayload,
  { issuer, audience, clockToleranceSeconds }: Expected,
  now: number,
): string[] {
  const faults: string[] = [];
  const { iss, aud, exp, nbf, sub } = payload as Readonly<Record<string, unknown>>;
  if (iss !== issuer) faults.push(`its iss is ${shownJson(iss ?? null)}, expected ${issuer}`);
  const audiences = [aud].flat();
  if (!audiences.includes(audience)) {
    faults.push(`its aud is ${shownJson(aud ?? null)}, expected ${audience} among them`);
  }
  const seconds = now / 1000;
  if (typeof exp !== 'number') faults.push('it has no exp, a number');
  else if (exp <= seconds - clockToleranceSeconds) faults.push(`it has expired at ${timeText(exp)}`);
  if (typeof nbf === 'number' && nbf > seconds + clockToleranceSeconds) {
    faults.push(`it is not valid before ${timeText(nbf)}`);
  }
  if (typeof sub !== 'string' || sub === '') faults.push('it has no sub, a text');
  const kind = accessTokenFault(header, payload);
  if (kind !== null) faults.push(`it is no access token: ${kind}`);
  return faults;
}

/** The faults that only the verifier finds: of the key, the signature, and claims that no entry can hold. */
function faultOf(refused: unknown): string | null {
  if (!(refused instanceof CountersignError)) return null;
  if (refused.code === 'identity_unavailable') return refused.message;
  const { cause } = refused;
  if (cause instanceof errors.JWSSignatureVerificationFailed)
    return 'its signature is not one of the issuer’s key';
  if (cause instanceof errors.JWKSNoMatchingKey)
    return 'the issuer publishes no key like the one that signed it';
  if (cause instanceof errors.JOSEAlgNotAllowed) return 'it is signed by an algorithm that is not taken';
  if (cause instanceof errors.JWTExpired || cause instanceof errors.JWTClaimValidationFailed) return null;
  if (cause instanceof errors.JOSEError) return `it cannot be verified (${cause.code})`;
  if (/recorded|plain text/.test(refused.message)) return refused.message;
  return null;
}

function decoded<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch {
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function timeText(seconds: number): string {
  return Math.abs(seconds) < 8.64e12 ? isoTime(seconds * 1000) : `second ${seconds}`;
}
