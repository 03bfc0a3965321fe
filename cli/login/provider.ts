import * as oidc from 'openid-client';
import { z } from 'zod';
import { CountersignError } from '../../domain/error.ts';
import { isoTime } from '../../domain/time.ts';
import { isSafeAddress } from '../../domain/loopback.ts';
import type { Profile, Tokens } from './profile-file.ts';
import { unverifiedClaims } from './unverified-claims.ts';

const withinSeconds = 10;

/** How the provider's answer to a login or a renewal comes. */
export type TokenAnswer = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;

/** Who logs in where. */
export interface ClientOfProvider {
  readonly issuer: string;
  /** A public client: it has no secret that a person's machine could keep. */
  readonly clientId: string;
  readonly fetch: typeof globalThis.fetch;
}

/**
 * The provider, by OpenID Connect Discovery.
 *
 * @throws CountersignError `invalid_configuration` for plain http off loopback; `identity_unavailable`
 */
export async function openProvider({
  issuer,
  clientId,
  fetch,
}: ClientOfProvider): Promise<oidc.Configuration> {
  const address = new URL(issuer);
  if (!isSafeAddress(address)) {
    throw new CountersignError('invalid_configuration', `${issuer}: plain http is for loopback only`);
  }
  return oidc
    .discovery(address, clientId, undefined, oidc.None(), {
      timeout: withinSeconds,
      [oidc.customFetch]: safeFetch(fetch),
      // Each address is looked at by the fetch above.
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so only to warn of it
      ...(address.protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {}),
    })
    .catch((error: unknown) => {
      throw failureOf(error);
    });
}

/** Asks only where a token may be sent, whatever the discovery document names. */
function safeFetch(fetch: typeof globalThis.fetch): oidc.CustomFetch {
  return async (url, { body, headers, method, redirect, signal }) => {
    if (!isSafeAddress(new URL(url))) throw new TypeError(`${url}: plain http is for loopback only`);
    return fetch(url, {
      method,
      headers,
      redirect,
      ...(body === undefined || body === null ? {} : { body: textOf(body) }),
      ...(signal ? { signal } : {}),
    });
  };
}

/** A proxy is sent text. */
function textOf(body: NonNullable<oidc.FetchBody>): string {
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString();
  throw new TypeError('expected a form');
}

/** The tokens of an answer. @param before - those that it renews */
export function tokensOf(answer: TokenAnswer, before: Tokens | null): Tokens {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds } = answer;
  const claims = unverifiedClaims(accessToken);
  const said = answer.claims()?.sub;
  if (before?.subject != null && said !== undefined && said !== before.subject) {
    throw new CountersignError(
      'unauthenticated',
      `the login was ${before.subject}'s, the answer is ${said}'s`,
    );
  }
  const at = seconds === undefined ? (claims?.exp ?? NaN) * 1000 : Date.now() + seconds * 1000;
  return {
    accessToken,
    refreshToken: refreshToken ?? before?.refreshToken ?? null,
    expiresAt: Number.isNaN(at) ? null : isoTime(at),
    subject: said ?? before?.subject ?? claims?.sub ?? null,
  };
}

/** The provider does not know the client as one that may do this, or takes no such parameters. */
const clientFaults = new Set([
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'invalid_scope',
  'invalid_request',
  'invalid_target',
]);
const notNow = new Set(['server_error', 'temporarily_unavailable']);
/** There was no answer, or one that no provider gives. */
const noAnswers = new Set([
  'OAUTH_REQUEST_PROTOCOL_FORBIDDEN',
  'OAUTH_HTTP_REQUEST_FORBIDDEN',
  'OAUTH_INVALID_SERVER_METADATA',
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
]);

/** A failure of a login, or of a renewal, as one of ours. */
export function failureOf(error: unknown): CountersignError {
  if (error instanceof CountersignError) return error;
  const options = { cause: error };
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) {
    const { error: code, error_description: why } = error;
    const said = why === undefined ? code : `${code}, ${why}`;
    if (clientFaults.has(code))
      return new CountersignError(
        'invalid_configuration',
        `the identity provider refuses the client: ${said}`,
        options,
      );
    if (notNow.has(code))
      return new CountersignError('identity_unavailable', `the identity provider answers ${said}`, options);
    return new CountersignError('unauthenticated', `the identity provider refuses: ${said}`, options);
  }
  if (error instanceof oidc.WWWAuthenticateChallengeError) {
    const message = 'the identity provider wants the client to have a secret: a public one is needed';
    return new CountersignError('invalid_configuration', message, options);
  }
  const { message, code } = error as oidc.ClientError;
  if (error instanceof TypeError || code === undefined || noAnswers.has(code)) {
    return new CountersignError(
      'identity_unavailable',
      `the identity provider cannot be asked: ${message}`,
      options,
    );
  }
  return new CountersignError(
    'unauthenticated',
    `the identity provider's answer is not good: ${message}`,
    options,
  );
}

/**
 * Renews tokens. Answers null where the login is over.
 *
 * @throws CountersignError `identity_unavailable`, `unauthenticated`, `invalid_configuration`
 */
export async function renewTokens(
  { issuer, clientId, parameters: { resource } }: Profile,
  tokens: Tokens,
  fetch: typeof globalThis.fetch,
): Promise<Tokens | null> {
  const config = await openProvider({ issuer, clientId, fetch });
  try {
    // Of a login's parameters only this one belongs to a renewal as well (RFC 8707 §2.2).
    const asked: Record<string, string> = resource === undefined ? {} : { resource };
    return tokensOf(await oidc.refreshTokenGrant(config, tokens.refreshToken ?? '', asked), tokens);
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant') return null;
    throw failureOf(error);
  }
}

/**
 * Tells the provider that tokens are needed no longer (RFC 7009). Answers whether it takes such a word.
 *
 * @throws CountersignError `identity_unavailable`, `unauthenticated`, `invalid_configuration`
 */
export async function revokeTokens(
  { issuer, clientId }: Profile,
  { accessToken, refreshToken }: Tokens,
  fetch: typeof globalThis.fetch,
): Promise<boolean> {
  const config = await openProvider({ issuer, clientId, fetch });
  if (config.serverMetadata().revocation_endpoint === undefined) return false;
  try {
    // With the token that renews, all that came of it is revoked.
    if (refreshToken === null) await oidc.tokenRevocation(config, accessToken, hint('access_token'));
    else await oidc.tokenRevocation(config, refreshToken, hint('refresh_token'));
    return true;
  } catch (error) {
    // As JWTs are at many: they hold until they end.
    if (error instanceof oidc.ResponseBodyError && error.error === 'unsupported_token_type') return false;
    throw failureOf(error);
  }
}

const hint = (kind: string) => ({ token_type_hint: kind });

const metadataSchema = z.object({ authorization_servers: z.tuple([z.url()], z.url()) });

/**
 * Whose tokens an API takes, as it says itself (RFC 9728). Its member `resource` is not compared: it is what the API was asked
 * by, and a token is sent nowhere but to the API's address.
 *
 * @throws CountersignError `engine_unavailable`; `invalid_configuration` where it does not say
 */
export async function issuerOf(api: string, fetch: typeof globalThis.fetch): Promise<string> {
  const response = await fetch(`${api}/.well-known/oauth-protected-resource`, {
    redirect: 'error',
    signal: AbortSignal.timeout(withinSeconds * 1000),
  }).catch((cause: unknown) => {
    throw new CountersignError('engine_unavailable', `nothing answers at ${api}`, { cause });
  });
  const parsed = metadataSchema.safeParse(await response.json().catch(() => null));
  if (response.ok && parsed.success) return parsed.data.authorization_servers[0];
  throw new CountersignError(
    'invalid_configuration',
    `${api} does not say who issues its tokens: set OIDC_ISSUER`,
  );
}
