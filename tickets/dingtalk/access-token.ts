import { RemoteError } from '../remote-error.ts';
import { callJson, TokenRefused } from './call.ts';

/** What an app's calls work with. */
export interface AppDependencies {
  /** Where DingTalk's API is, without a path. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly fetch: typeof globalThis.fetch;
  /** Ms since the epoch. */
  readonly now: () => number;
}

/** Calls DingTalk's API as an app. @throws RemoteError */
export interface AppCall {
  (
    method: 'POST' | 'PUT',
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>>;
  /** Asks for an access token, and nothing else. @throws RemoteError */
  readonly login: (signal: AbortSignal) => Promise<void>;
}

/** A token is asked for anew so long before it is over. */
const reserveMs = 300_000;

/** An app's calls, each with an access token, which is kept until it is nearly over or DingTalk refuses it. */
export function makeAppCall(dependencies: AppDependencies): AppCall {
  const { fetch, now } = dependencies;
  const base = dependencies.url.replace(/\/+$/, '');
  let kept: { readonly token: string; readonly until: number } | null = null;

  async function token(signal: AbortSignal): Promise<string> {
    if (kept !== null && kept.until > now()) return kept.token;
    const { accessToken, expireIn } = await callJson(fetch, {
      method: 'POST',
      url: `${base}/v1.0/oauth2/accessToken`,
      body: { appKey: dependencies.clientId, appSecret: dependencies.clientSecret },
      signal,
    }).catch((error: unknown) => {
      throw asDenied(error);
    });
    if (typeof accessToken !== 'string' || !/^[\x21-\x7e]{1,4096}$/.test(accessToken)) {
      throw new RemoteError('unreachable', 'DingTalk gave no access token', { httpStatus: 200 });
    }
    const lifeMs = typeof expireIn === 'number' && Number.isFinite(expireIn) ? expireIn * 1000 : 0;
    kept = { token: accessToken, until: now() + Math.max(lifeMs - reserveMs, 0) };
    return accessToken;
  }

  async function once(...[method, path, body, signal]: Parameters<AppCall>) {
    const headers = { 'x-acs-dingtalk-access-token': await token(signal) };
    return await callJson(fetch, { method, url: `${base}${path}`, headers, body, signal });
  }

  async function call(...parameters: Parameters<AppCall>) {
    try {
      return await once(...parameters);
    } catch (error) {
      if (!(error instanceof TokenRefused) || kept === null) throw error;
      kept = null;
      return await once(...parameters);
    }
  }

  return Object.assign(call, {
    async login(signal: AbortSignal) {
      await token(signal);
    },
  });
}

/** A wrong client id or secret is answered 400, and may be mended: a repeat may help. */
function asDenied(error: unknown): unknown {
  if (!(error instanceof RemoteError) || error.fault !== 'refused') return error;
  return new RemoteError('denied', error.message, { httpStatus: error.httpStatus });
}
