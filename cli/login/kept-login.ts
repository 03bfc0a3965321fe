import { CountersignError } from '../../domain/error.ts';
import type { Bearer } from '../../client/api-client.ts';
import { quoted } from '../quoted.ts';
import { underLock } from './file-lock.ts';
import type { LoginOf, Strength } from './log-in.ts';
import { makeFolder, profileFile, readProfile, saveProfile } from './profile-file.ts';
import type { Profile, Tokens } from './profile-file.ts';

/** A token is renewed before it ends, as it has to hold on its way, ms. */
const renewBeforeMs = 30_000;

/** What a kept login works with. */
export interface KeptLogin {
  readonly folder: string;
  /** The API that the login is for; its tokens are shown to no other. */
  readonly api: string;
  readonly fetch: typeof globalThis.fetch;
  readonly tell: (line: string) => void;
  /** Logs the person in once more; null where nobody is there to be asked. */
  readonly logIn: ((login: LoginOf, strength: Strength) => Promise<Tokens>) | null;
  readonly now?: () => number;
}

/**
 * The tokens of somebody who has logged in: renewed when they end, by one process at a time, since many providers take a token
 * that renews only once; and replaced by those of a stronger login where a call needs one.
 */
export function keptLogin(kept: KeptLogin): Bearer {
  const { api, tell, logIn, now = Date.now } = kept;
  let isStepped = false;

  /** @throws CountersignError `unauthenticated`, `identity_unavailable` */
  async function renewed(refused: string | null): Promise<Tokens> {
    return underLock(lockOf(kept), async () => {
      const { profile, tokens } = await loggedIn(kept);
      // Another process was faster.
      if (tokens.accessToken !== refused && !isEnding(tokens, now())) return tokens;
      if (tokens.refreshToken === null) throw notLoggedIn(api, 'the login is over');
      return renew(kept, profile, tokens);
    });
  }

  async function stronger({ message, extra }: CountersignError): Promise<string | null> {
    const { maxAgeSeconds, acrValues } = extra;
    const strength: Strength = {
      ...(typeof maxAgeSeconds === 'number' ? { maxAgeSeconds } : {}),
      ...(typeof acrValues === 'string' ? { acrValues } : {}),
    };
    if (logIn === null) {
      tell(`a stronger login is needed: ${commandOf(strength)}`);
      return null;
    }
    tell(`a stronger login is needed: ${message}`);
    const { profile, tokens: before } = await loggedIn(kept);
    const tokens = await logIn(profile, strength);
    if (tokens.subject !== before.subject) {
      throw new CountersignError(
        'unauthenticated',
        `this was asked by ${before.subject ?? 'somebody'}, and ${tokens.subject ?? 'somebody'} has logged in: nothing was done`,
      );
    }
    await keepTokens(kept, profile, tokens);
    return tokens.accessToken;
  }

  return {
    async token() {
      const { tokens } = await loggedIn(kept);
      if (!isEnding(tokens, now())) return tokens.accessToken;
      const stillHolds = !isEnding(tokens, now(), 0);
      if (tokens.refreshToken === null && stillHolds) return tokens.accessToken;
      return renewed(null).then(
        ({ accessToken }) => accessToken,
        (error: unknown) => {
          if (stillHolds && error instanceof CountersignError && error.code === 'identity_unavailable')
            return tokens.accessToken;
          throw error;
        },
      );
    },
    async tokenAfter(refusal, shown) {
      if (refusal.code === 'stronger_authentication_needed') {
        // Nobody is asked over and over for what does not help.
        if (isStepped) return null;
        isStepped = true;
        return stronger(refusal);
      }
      if (refusal.code !== 'unauthenticated') return null;
      const { tokens } = await loggedIn(kept);
      if (tokens.refreshToken === null && tokens.accessToken === shown) return null;
      return (await renewed(shown)).accessToken;
    },
  };
}

/** Keeps the tokens of a login, in place of those before, and not while another process renews those. */
export async function keepTokens(
  kept: Pick<KeptLogin, 'folder' | 'api'>,
  login: LoginOf,
  tokens: Tokens | null,
): Promise<void> {
  const { folder, api } = kept;
  const { issuer, clientId, scope, parameters, device, port } = login;
  await makeFolder(folder);
  await underLock(lockOf(kept), () =>
    saveProfile(folder, { v: 1, api, issuer, clientId, scope, parameters, device, port, tokens }),
  );
}

async function renew(kept: KeptLogin, profile: Profile, tokens: Tokens): Promise<Tokens> {
  const { renewTokens } = await import('./provider.ts');
  const next = await renewTokens(profile, tokens, kept.fetch);
  await saveProfile(kept.folder, { ...profile, tokens: next });
  if (next === null) throw notLoggedIn(kept.api, 'the login is over');
  return next;
}

async function loggedIn({ folder, api }: KeptLogin): Promise<{ profile: Profile; tokens: Tokens }> {
  const profile = await readProfile(folder, api);
  if (profile?.tokens == null) throw notLoggedIn(api, 'nobody is logged in');
  return { profile, tokens: profile.tokens };
}

function isEnding({ expiresAt }: Tokens, now: number, beforeMs = renewBeforeMs): boolean {
  return expiresAt !== null && Date.parse(expiresAt) - now <= beforeMs;
}

function lockOf({ folder, api }: Pick<KeptLogin, 'folder' | 'api'>): string {
  return `${profileFile(folder, api)}.lock`;
}

function notLoggedIn(api: string, why: string): CountersignError {
  return new CountersignError('unauthenticated', `${why} at ${api}: countersign login`);
}

function commandOf({ maxAgeSeconds, acrValues }: Strength): string {
  return [
    'countersign login',
    ...(maxAgeSeconds === undefined ? [] : [`--max-age ${maxAgeSeconds}`]),
    ...(acrValues === undefined ? [] : [`--acr-values ${quoted(acrValues)}`]),
  ].join(' ');
}
