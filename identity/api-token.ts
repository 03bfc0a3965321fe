import { createHash, randomBytes } from 'node:crypto';
import { isTokenValid } from '../domain/api-token.ts';
import { CountersignError } from '../domain/error.ts';
import { machineIssuer } from '../domain/person.ts';
import type { Person, PersonId } from '../domain/person.ts';
import { roleOfScope } from '../domain/scope.ts';
import type { Scope } from '../domain/scope.ts';
import { isoTime } from '../domain/time.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** The prefix of each API token's secret: people, and scanners for leaked secrets, recognize it. */
export const apiTokenPrefix = 'cst_';

/** Issuer of the persons that API tokens stand for. */
export const apiTokenIssuer = machineIssuer;

/** A new secret, 256 random bits behind the prefix, and its SHA-256, which is all that is kept of it. */
export function makeApiTokenSecret(): { readonly secret: string; readonly hash: Buffer } {
  const secret = `${apiTokenPrefix}${randomBytes(32).toString('base64url')}`;
  return { secret, hash: hashOfApiToken(secret) };
}

/** The members of a stored token that the verifier needs. Times are ISO 8601. */
export interface KnownToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly issuedBy: PersonId;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

/** Where tokens are kept. */
export interface TokenStore {
  /** The token of this SHA-256, valid or not. */
  find(hash: Uint8Array): Promise<KnownToken | null>;
  /** Records that the token was used; called at most once a minute for each token. */
  use(id: string, at: string): Promise<void>;
}

/**
 * Verifies API tokens of machines, and leaves every other token to `people`. Each use is looked up, so a revocation holds
 * at once; unknown, expired and revoked ones take the same steps and get the same answer.
 */
export function withApiTokens(
  people: TokenVerifier,
  store: TokenStore,
  now: () => number = Date.now,
): TokenVerifier {
  async function known(hash: Uint8Array): Promise<KnownToken> {
    const token = await store.find(hash);
    if (token === null || !isTokenValid(token, now())) {
      throw new CountersignError('unauthenticated', 'the bearer token is not valid');
    }
    return token;
  }

  return {
    async verify(secret) {
      if (!secret.startsWith(apiTokenPrefix)) return people.verify(secret);
      const hash = hashOfApiToken(secret);
      const token = await known(hash);
      const minute = isoTime(Math.floor(now() / 60_000) * 60_000);
      if (token.lastUsedAt === null || token.lastUsedAt < minute) await store.use(token.id, minute);
      return {
        person: machineOf(token),
        expiresAt: Date.parse(token.expiresAt),
        recheck: async () => {
          await known(hash);
        },
      };
    },
  };
}

/** The machine as a person: in no group, with the roles of its scopes alone. */
function machineOf({ id, name, scopes, issuedBy }: KnownToken): Person {
  return {
    issuer: apiTokenIssuer,
    subject: id,
    name,
    roles: scopes.map((scope) => roleOfScope[scope]),
    groups: [],
    authentication: { methods: ['token'], at: null },
    issuedBy: { issuer: issuedBy.issuer, subject: issuedBy.subject },
  };
}

/** The SHA-256 of a secret, by which its token is found. */
export function hashOfApiToken(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
