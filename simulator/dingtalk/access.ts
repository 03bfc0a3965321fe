import { randomUUID } from 'node:crypto';
import type { Answer } from '../answer.ts';
import { header } from '../incoming.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import type { DingTalkOptions } from './settings.ts';

/** An error of DingTalk's API. */
export function apiError(status: number, code: string, message: string): Answer {
  return jsonAnswer({ code, message, requestid: randomUUID().toUpperCase() }, status);
}

/** The members of a JSON body; none where it is no JSON object. */
export function membersOf({ body }: Pick<Incoming, 'body'>): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Apps and their access tokens. */
export function makeAccess(apps: NonNullable<DingTalkOptions['apps']>, lifeS: number) {
  const tokens = new Map<string, { readonly clientId: string; readonly until: number }>();

  return {
    /** Whose client id and secret these are; null where they do not fit. */
    appOf(clientId: unknown, secret: unknown): string | null {
      if (typeof clientId !== 'string' || !Object.hasOwn(apps, clientId)) return null;
      return apps[clientId]?.secret === secret ? clientId : null;
    },
    corpOf: (clientId: string): string => apps[clientId]?.corpId ?? '',
    issue(incoming: Incoming): Answer {
      const { appKey, appSecret } = membersOf(incoming);
      const clientId = this.appOf(appKey, appSecret);
      if (clientId === null) return apiError(400, 'invalidClientIdOrSecret', 'client id or secret is wrong');
      const accessToken = randomUUID().replaceAll('-', '');
      tokens.set(accessToken, { clientId, until: Date.now() + lifeS * 1000 });
      return jsonAnswer({ accessToken, expireIn: lifeS });
    },
    /** The app that a request's token stands for; null where it stands for none. */
    callerOf(incoming: Incoming): string | null {
      const token = tokens.get(header(incoming, 'x-acs-dingtalk-access-token') ?? '');
      return token !== undefined && token.until > Date.now() ? token.clientId : null;
    },
    /** Every token is over from now on. */
    revoke: () => tokens.clear(),
  };
}
