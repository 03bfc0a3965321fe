import type { webcrypto } from 'node:crypto';
import * as oidc from 'openid-client';
import { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import { isSafeAddress } from '../domain/loopback.ts';
import type { LoginAttempt } from './login-attempt.ts';
import { callbackPath } from './paths.ts';

/** The tokens of a session, as they are kept. */
export const tokensSchema = z.strictObject({
  access: z.string(),
  refresh: z.string().nullable(),
  /** Who logs out is named by it. */
  id: z.string().nullable(),
  /** From when on another access token is to be got, and until when this one is good; ms since the epoch by this machine's clock. */
  refreshAt: z.number(),
  expiresAt: z.number(),
});
export type Tokens = z.infer<typeof tokensSchema>;

/** Whose session it is, as the provider's ID token names them. What they may do is the API's to say, by the access token. */
export const accountSchema = z.strictObject({
  issuer: z.string(),
  subject: z.string(),
  name: z.string(),
});
export type Account = z.infer<typeof accountSchema>;

/** What a login asks for. */
export interface LoginWish extends Pick<LoginAttempt, 'state' | 'nonce' | 'verifier' | 'maxAge'> {
  readonly acrValues: string | null;
}

/**
 * Why a login came to nothing: `denied` by the person or the provider; `expired`, since it was not begun in this browser within
 * the time; `unavailable`, as the provider or the console's database does not answer; `refused`, an answer not to rely on.
 */
export class LoginFailed extends Error {
  readonly reason: 'denied' | 'expired' | 'unavailable' | 'refused';
  constructor(reason: LoginFailed['reason'], cause?: unknown) {
    super(`the login failed: ${reason}`, { cause });
    this.name = 'LoginFailed';
    this.reason = reason;
  }
}

/** The organisation's identity provider, to which the console is a confidential client (`private_key_jwt`). */
export interface Provider {
  /** Secrets of an attempt to log in. */
  secrets(): Pick<LoginAttempt, 'state' | 'nonce' | 'verifier'>;
  /** Where a person logs in. @throws CountersignError `identity_unavailable` */
  loginUrl(wish: LoginWish): Promise<URL>;
  /**
   * Takes the code of a login.
   * @param back - the whole address that the provider led back to
   * @throws LoginFailed
   */
  login(back: URL, attempt: LoginAttempt): Promise<{ account: Account; tokens: Tokens }>;
  /**
   * Other tokens in place of these; null where the provider takes them no more, or there is nothing to ask with.
   * @throws CountersignError `identity_unavailable`
   */
  refresh(held: { readonly account: Account; readonly tokens: Tokens }): Promise<Tokens | null>;
  /** Where the person logs out of the provider, too; null where it has no such place, or cannot be asked. */
  logoutUrl(tokens: Tokens): Promise<URL | null>;
  /** Makes the tokens worthless. What the provider does not do, time does. */
  revoke(tokens: Tokens): Promise<void>;
  /** Whether it can be asked. */
  reachable(): Promise<boolean>;
}

/** Options of {@link createProvider}. */
export interface ProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientKey: { readonly key: webcrypto.CryptoKey; readonly kid: string };
  /** The console's own address. */
  readonly url: URL;
  readonly scope: string;
  /** How far the provider's clock may differ, s. */
  readonly clockToleranceSeconds: number;
  readonly fetch: typeof globalThis.fetch;
  readonly now?: () => number;
}

/** What the provider is asked has to come within this time, s: somebody waits for it. */
const answerWithinSeconds = 5;
/** After which its discovery document is read again, ms. */
const documentKeptMs = 600_000;
/** Without a word on it a token is taken to live this long, s. */
const unknownLife = 60;
/** A token is replaced so long before its end, ms: it has to be good when the API reads it. */
const marginMs = 30_000;
/** A login may be this old when it comes back, s, however recent it was to be: typing takes time. The API asks again, by its policy. */
const loginWithinSeconds = 600;

/** @throws CountersignError `invalid_configuration` for a plain-http issuer off loopback */
export function createProvider(options: ProviderOptions): Provider {
  const { issuer, clientId, clientKey, url, scope, clockToleranceSeconds, now = Date.now } = options;
  if (!isSafeAddress(new URL(issuer))) {
    throw new CountersignError('invalid_configuration', 'OIDC_ISSUER: plain http is for loopback only', {
      errors: [{ field: 'OIDC_ISSUER', rule: 'https', message: 'must be https: except on loopback' }],
    });
  }
  const redirectUri = `${url.origin}${callbackPath}`;
  let known: { readonly config: oidc.Configuration; readonly readAt: number } | null = null;
  let looking: Promise<oidc.Configuration> | null = null;

  async function look(): Promise<oidc.Configuration> {
    const config = await oidc.discovery(
      new URL(issuer),
      clientId,
      { [oidc.clockTolerance]: clockToleranceSeconds, token_endpoint_auth_method: 'private_key_jwt' },
      oidc.PrivateKeyJwt(clientKey),
      {
        timeout: answerWithinSeconds,
        [oidc.customFetch]: (address, { body, ...init }) =>
          options.fetch(address, {
            ...init,
            // Of the kinds of bodies, each way out takes text.
            ...(body == null
              ? {}
              : { body: body instanceof URLSearchParams ? body.toString() : (body as string) }),
          }),
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- to make it stand out; on loopback there is no TLS
        ...(new URL(issuer).protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {}),
      },
    );
    known = { config, readAt: now() };
    return config;
  }

  /** @throws CountersignError `identity_unavailable` */
  async function configuration(): Promise<oidc.Configuration> {
    if (known !== null && now() - known.readAt < documentKeptMs) return known.config;
    looking ??= look().finally(() => {
      looking = null;
    });
    try {
      return await looking;
    } catch (cause) {
      // What was read goes on: its addresses seldom change.
      if (known !== null) return known.config;
      throw new CountersignError('identity_unavailable', 'the identity provider cannot be reached', {
        cause,
      });
    }
  }

  function tokensOf(answer: oidc.TokenEndpointResponse, before: Tokens | null): Tokens {
    const life = Math.max(0, answer.expires_in ?? unknownLife) * 1000;
    return {
      access: answer.access_token,
      refresh: answer.refresh_token ?? before?.refresh ?? null,
      id: answer.id_token ?? before?.id ?? null,
      refreshAt: now() + Math.max(life - marginMs, life / 2),
      expiresAt: now() + life,
    };
  }

  return {
    secrets: () => ({
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
    }),
    async loginUrl({ state, nonce, verifier, maxAge, acrValues }) {
      return oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(maxAge === null ? {} : { max_age: String(maxAge) }),
        ...(acrValues === null ? {} : { acr_values: acrValues }),
      });
    },
    async login(back, { state, nonce, verifier, maxAge }) {
      try {
        const answer = await oidc.authorizationCodeGrant(await configuration(), back, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
          ...(maxAge === null ? {} : { maxAge: Math.max(maxAge, loginWithinSeconds) }),
        });
        const claims = answer.claims();
        if (claims === undefined) throw new Error('the provider gave no ID token');
        const name =
          [claims.name, claims.preferred_username].find((one) => typeof one === 'string') ?? claims.sub;
        const account = { issuer: claims.iss, subject: claims.sub, name };
        return { account, tokens: tokensOf(answer, null) };
      } catch (error) {
        throw new LoginFailed(reasonOf(error), error);
      }
    },
    async refresh({ account, tokens }) {
      if (tokens.refresh === null) return null;
      const config = await configuration();
      try {
        const answer = await oidc.refreshTokenGrant(config, tokens.refresh);
        // OpenID Connect Core §12.2: never somebody else's.
        const { sub: subject = account.subject } = answer.claims() ?? {};
        return subject === account.subject ? tokensOf(answer, tokens) : null;
      } catch (cause) {
        if (cause instanceof oidc.ResponseBodyError && cause.error === 'invalid_grant') return null;
        throw new CountersignError('identity_unavailable', 'the identity provider gives no tokens now', {
          cause,
        });
      }
    },
    async logoutUrl({ id }) {
      const config = await configuration().catch(() => null);
      if (config?.serverMetadata().end_session_endpoint === undefined) return null;
      return oidc.buildEndSessionUrl(config, {
        post_logout_redirect_uri: `${url.origin}/`,
        ...(id === null ? {} : { id_token_hint: id }),
      });
    },
    async revoke({ refresh }) {
      const config = await configuration();
      if (refresh === null || config.serverMetadata().revocation_endpoint === undefined) return;
      await oidc.tokenRevocation(config, refresh, { token_type_hint: 'refresh_token' });
    },
    reachable: () =>
      configuration().then(
        () => true,
        () => false,
      ),
  };
}

function reasonOf(error: unknown): LoginFailed['reason'] {
  if (error instanceof CountersignError) return 'unavailable';
  if (error instanceof oidc.AuthorizationResponseError) {
    const { error: code } = error;
    if (code === 'access_denied') return 'denied';
    return code === 'server_error' || code === 'temporarily_unavailable' ? 'unavailable' : 'refused';
  }
  if (error instanceof oidc.ResponseBodyError) return error.status >= 500 ? 'unavailable' : 'refused';
  // Nothing came, or nothing in time.
  const { code } = error as { code?: unknown };
  const isLost =
    error instanceof TypeError || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM';
  return isLost ? 'unavailable' : 'refused';
}
