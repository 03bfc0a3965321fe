import { RemoteError } from '../remote-error.ts';
import type { ServiceNowLogin } from './settings.ts';

/** What makes the header of a login, and a new one once a token was not accepted. */
export interface Authorization {
  header(signal: AbortSignal): Promise<readonly [name: string, value: string]>;
  /** Forgets a token; false when there was none, so that a repeat would be no other request. */
  forget(): boolean;
}

/** Asks for a token: the form's answer as JSON. @throws RemoteError */
export type AskToken = (form: URLSearchParams, signal: AbortSignal) => Promise<unknown>;

/** A token is left unused in its last minute: it could end on the way. */
const spareMs = 60_000;

/**
 * The authorization of a login.
 *
 * @param now - ms since the epoch
 */
export function makeAuthorization(
  login: ServiceNowLogin,
  secret: string,
  { askToken, now }: { askToken: AskToken; now: () => number },
): Authorization {
  const { scheme = login.user === undefined ? 'bearer' : 'basic', user = '', clientId = '' } = login;
  const fixed = (name: string, value: string): Authorization => ({
    header: () => Promise.resolve([name, value] as const),
    forget: () => false,
  });
  switch (scheme) {
    case 'basic':
      return fixed('authorization', `Basic ${Buffer.from(`${user}:${secret}`, 'utf8').toString('base64')}`);
    case 'bearer':
      return fixed('authorization', `Bearer ${secret}`);
    case 'api_key':
      return fixed('x-sn-apikey', secret);
    case 'oauth':
      return oauth({ clientId, secret, askToken, now });
  }
}

function oauth(client: {
  clientId: string;
  secret: string;
  askToken: AskToken;
  now: () => number;
}): Authorization {
  let kept: { readonly token: string; readonly endsAt: number } | null = null;
  return {
    async header(signal) {
      if (kept === null || kept.endsAt - spareMs <= client.now()) {
        const form = new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: client.clientId,
          client_secret: client.secret,
        });
        kept = tokenIn(await client.askToken(form, signal), client.now());
      }
      return ['authorization', `Bearer ${kept.token}`];
    },
    forget() {
      const was = kept !== null;
      kept = null;
      return was;
    },
  };
}

function tokenIn(answer: unknown, now: number): { token: string; endsAt: number } {
  const { access_token: token, expires_in: seconds } = (answer ?? {}) as Record<string, unknown>;
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token)) {
    throw new RemoteError('unreachable', 'ServiceNow answered with no token');
  }
  const lives = typeof seconds === 'number' && Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
  return { token, endsAt: now + lives * 1000 };
}
