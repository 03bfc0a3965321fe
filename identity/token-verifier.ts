import { createRemoteJWKSet, customFetch, errors, jwksCache, jwtVerify } from 'jose';
import type { JWKSCacheInput, JWTVerifyGetKey } from 'jose';
import { CountersignError } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { accessTokenFault } from './access-token.ts';
import { claimsLeftOut, personOf } from './claims.ts';
import type { ClaimMapping } from './claims.ts';
import { isSafeAddress } from '../domain/loopback.ts';

/** Options of {@link createTokenVerifier}. */
export interface TokenVerifierOptions {
  /** The issuer's URL, exactly as in `iss`; `http:` on loopback only. */
  readonly issuer: string;
  readonly audience: string;
  /** How far the clocks may differ, s; default 5. */
  readonly clockToleranceSeconds?: number;
  readonly claims?: ClaimMapping;
  /** What asks the issuer; default: Node's own. */
  readonly fetch?: typeof globalThis.fetch;
}

/** A person, and when their token expires. */
export interface VerifiedToken {
  readonly person: Person;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /**
   * Whether the token is still good, for whoever holds it for long; left out where it cannot end before `expiresAt`.
   * @throws CountersignError `unauthenticated`
   */
  readonly recheck?: () => Promise<void>;
  /** Claims of roles or groups that the provider left out of the token because they are too long for it. */
  readonly leftOut?: readonly string[];
}

/** Turns a bearer token into a person; nothing else decides who somebody is. */
export interface TokenVerifier {
  /** @throws CountersignError `unauthenticated` (401), `identity_unavailable` (503) */
  verify(token: string): Promise<VerifiedToken>;
}

/** Where the issuer's keys are, and how to get one. */
interface Keys {
  readonly address: string;
  readonly get: JWTVerifyGetKey;
}

/** Asymmetric ones only: a public key can never be mistaken for a shared secret, and `none` is none of them. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

/**
 * Verifies access tokens, and no ID tokens, by OpenID Connect Discovery: issuer and audience exactly, signature by the issuer's current
 * keys, which are fetched anew when an unknown one signs. Without the provider, keys that were seen go on for 10
 * minutes.
 *
 * @throws CountersignError `invalid_configuration` for a plain-http issuer off loopback
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer, audience, clockToleranceSeconds = 5, claims, fetch = globalThis.fetch } = options;
  if (!isSafeAddress(new URL(issuer))) {
    throw new CountersignError('invalid_configuration', 'OIDC_ISSUER: plain http is for loopback only');
  }
  let keys: Keys | null = null;
  let looking: Promise<URL> | null = null;
  // Outlives a set of keys, so that known keys stay valid when their address changes.
  const seen: JWKSCacheInput = {};

  async function discover(): Promise<URL> {
    const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(5000),
      redirect: 'error',
    });
    if (!response.ok) throw new Error(`the discovery document answers ${response.status}`);
    const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (document.issuer !== issuer || typeof document.jwks_uri !== 'string') {
      throw new Error('the discovery document is of another issuer');
    }
    const address = new URL(document.jwks_uri);
    if (!isSafeAddress(address)) throw new Error('the discovery document names keys over plain http');
    return address;
  }

  /** Asks the issuer where its keys are. The set at hand stays unless they have moved: it may know newer ones than `seen` did. */
  async function look(): Promise<Keys> {
    const address = await (looking ??= discover().finally(() => {
      looking = null;
    }));
    if (keys?.address !== address.href) {
      const published = createRemoteJWKSet(address, {
        cooldownDuration: 2000,
        cacheMaxAge: 600_000,
        [jwksCache]: seen,
        [customFetch]: fetch,
      });
      const get: JWTVerifyGetKey = async (header, token) => {
        try {
          return await published(header, token);
        } catch (error) {
          throw isOfToken(error) ? error : unavailable("the identity provider's keys cannot be read", error);
        }
      };
      keys = { address: address.href, get };
    }
    return keys;
  }

  async function keySet(): Promise<JWTVerifyGetKey> {
    try {
      return (keys ?? (await look())).get;
    } catch (cause) {
      throw unavailable('the identity provider cannot be reached', cause);
    }
  }

  return {
    async verify(token) {
      const getKey = await keySet();
      try {
        const { payload, protectedHeader } = await jwtVerify(token, getKey, {
          issuer,
          audience,
          algorithms,
          clockTolerance: clockToleranceSeconds,
          requiredClaims: ['sub', 'exp'],
        });
        const fault = accessTokenFault(protectedHeader, payload);
        if (fault !== null) {
          throw new CountersignError('unauthenticated', `the bearer token is no access token: ${fault}`);
        }
        return {
          person: personOf(payload, issuer, claims),
          expiresAt: (payload.exp ?? 0) * 1000,
          leftOut: claimsLeftOut(payload, claims),
        };
      } catch (error) {
        const refused = refusal(error);
        // The keys may have moved. When this look fails, the next caller looks again.
        if (refused.code === 'identity_unavailable') look().catch(() => undefined);
        throw refused;
      }
    },
  };
}

/** Whether the token itself is the reason that no key was found, and not its issuer. */
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    error.code !== 'ERR_JOSE_GENERIC' &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid)
  );
}

function unavailable(message: string, cause: unknown): CountersignError {
  return new CountersignError('identity_unavailable', message, { cause });
}

/** With the keys at hand, every error is the token's fault, whatever its claims hold. */
function refusal(cause: unknown): CountersignError {
  if (cause instanceof CountersignError) return cause;
  return new CountersignError('unauthenticated', 'the bearer token is not valid', { cause });
}
