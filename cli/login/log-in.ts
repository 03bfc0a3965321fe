import * as oidc from 'openid-client';
import { CountersignError } from '../../domain/error.ts';
import { isSafeAddress } from '../../domain/loopback.ts';
import { openLanding } from './landing.ts';
import type { Profile, Tokens } from './profile-file.ts';
import { failureOf, openProvider, tokensOf } from './provider.ts';
import type { TokenAnswer } from './provider.ts';

/** However long a provider would wait for a code to be entered, s. */
const longestCodeSeconds = 3_600;

/** How strong a login has to be; what is left out is the provider's choice. */
export interface Strength {
  /** At most so long ago, s; 0: the person is asked anew. */
  readonly maxAgeSeconds?: number | undefined;
  /** Contexts, the preferred one first, parted by blanks. */
  readonly acrValues?: string | undefined;
}

/** How a login is brought to the person. */
export interface Way {
  readonly fetch: typeof globalThis.fetch;
  /** Tells the person something. */
  readonly tell: (line: string) => void;
  /** Opens an address in a browser of this machine. */
  readonly open: (address: string) => void;
  /** How long the browser may take, ms. */
  readonly patienceMs: number;
}

/** Who logs in, and how. */
export type LoginOf = Omit<Profile, 'v' | 'api' | 'tokens'>;

/**
 * Logs somebody in: by a browser on this machine (authorization code with PKCE, RFC 8252), or by one elsewhere (RFC 8628).
 *
 * @throws CountersignError `unauthenticated`, `identity_unavailable`, `invalid_configuration`
 */
export async function logIn(login: LoginOf, strength: Strength, way: Way): Promise<Tokens> {
  const config = await openProvider({ ...login, fetch: way.fetch });
  const asked = {
    ...login.parameters,
    ...(strength.maxAgeSeconds === undefined ? {} : { max_age: String(strength.maxAgeSeconds) }),
    ...(strength.acrValues === undefined ? {} : { acr_values: strength.acrValues }),
    ...(login.scope === '' ? {} : { scope: login.scope }),
  };
  try {
    return tokensOf(
      await (login.device ? byDevice(config, asked, way) : byBrowser(config, login, asked, way)),
      null,
    );
  } catch (error) {
    throw failureOf(error);
  }
}

async function byBrowser(
  config: oidc.Configuration,
  { scope, port }: LoginOf,
  asked: Readonly<Record<string, string>>,
  { tell, open, patienceMs }: Way,
): Promise<TokenAnswer> {
  const state = oidc.randomState();
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  // Only an ID token can have the nonce.
  const expectedNonce = scope.split(' ').includes('openid') ? oidc.randomNonce() : null;
  const landing = await openLanding(port, state);
  let loggedIn = false;
  try {
    const address = oidc.buildAuthorizationUrl(config, {
      ...asked,
      redirect_uri: landing.redirectUri,
      state,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...(expectedNonce === null ? {} : { nonce: expectedNonce }),
    });
    tell(`log in at ${shownAddress(address)}`);
    open(address.href);
    const answer = await oidc.authorizationCodeGrant(config, await landing.reached(patienceMs), {
      pkceCodeVerifier,
      expectedState: state,
      ...(expectedNonce === null ? {} : { expectedNonce }),
    });
    loggedIn = true;
    return answer;
  } finally {
    await landing.close(loggedIn);
  }
}

async function byDevice(
  config: oidc.Configuration,
  asked: Readonly<Record<string, string>>,
  { tell }: Way,
): Promise<TokenAnswer> {
  if (config.serverMetadata().device_authorization_endpoint === undefined) {
    throw new CountersignError(
      'invalid_configuration',
      'the identity provider takes no --device: log in without',
    );
  }
  const device = await oidc.initiateDeviceAuthorization(config, { ...asked });
  tell(`log in at ${shownAddress(new URL(device.verification_uri))} and enter ${device.user_code}`);
  const { verification_uri_complete: complete } = device;
  if (complete !== undefined) tell(`or at ${shownAddress(new URL(complete))}, if it shows the same code`);
  const expires = AbortSignal.timeout(Math.min(device.expires_in, longestCodeSeconds) * 1000);
  return oidc
    .pollDeviceAuthorizationGrant(config, device, undefined, { signal: expires })
    .catch((error: unknown) => {
      const isLate =
        expires.aborted || (error instanceof oidc.ResponseBodyError && error.error === 'expired_token');
      if (!isLate) throw error;
      throw new CountersignError('unauthenticated', 'nobody has logged in: the code has expired', {
        cause: error,
      });
    });
}

/** The provider names it, and a program opens it: it must be a page. */
function shownAddress(address: URL): string {
  if (isSafeAddress(address)) return address.href;
  throw new CountersignError(
    'identity_unavailable',
    `the identity provider names ${address.href} as its page`,
  );
}
