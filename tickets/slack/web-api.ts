import { z } from 'zod';
import type { RemoteFault } from '../remote-error.ts';
import { faultOfStatus, RemoteError } from '../remote-error.ts';
import { retryAfterMs } from '../retry-after.ts';

/** What a method of the Web API answered; members that this code reads are checked where they are read. */
export type SlackAnswer =
  | {
      readonly ok: true;
      readonly body: Readonly<Record<string, unknown>>;
      readonly scopes: readonly string[];
    }
  | { readonly ok: false; readonly error: string };

/** Calls a method of Slack's Web API. @throws RemoteError where Slack gave no answer of its own */
export type CallSlack = (method: string, args: SlackArguments, signal: AbortSignal) => Promise<SlackAnswer>;

/** Arguments of a method; objects and lists are sent as JSON. */
export type SlackArguments = Readonly<Record<string, string | number | boolean | object>>;

/** How the Web API is reached. */
export interface SlackAccess {
  /** Slack's address, without `/api`. */
  readonly url: string;
  readonly token: string;
  readonly fetch: typeof fetch;
  /** How long one call may take, ms; default 10 s. */
  readonly timeoutMs?: number;
}

const answerSchema = z.looseObject({ ok: z.boolean(), error: z.string().optional() });

/**
 * A caller of the Web API. Calls are made once: whoever calls knows whether a repeat is safe. By hand and not by Slack's own
 * package, in which one call cannot be ended and which queues calls by itself.
 */
export function slackCaller({ url, token, fetch, timeoutMs = 10_000 }: SlackAccess): CallSlack {
  return async (method, args, signal) => {
    // A form, since some of the methods that read do not take JSON.
    const form = new URLSearchParams(
      Object.entries(args).map(([name, value]): [string, string] => [
        name,
        typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]),
    );
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(`/api/${method}`, url), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: form,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      text = await response.text();
    } catch {
      throw new RemoteError('unreachable', `Slack gave no answer to ${method}`);
    }
    const { status, headers } = response;
    const known = { httpStatus: status, retryAfterMs: retryAfterMs(headers.get('retry-after'), Date.now()) };
    if (status === 429) throw new RemoteError('throttled', `Slack takes no more of ${method} for now`, known);
    if (status >= 300 && status < 400) {
      throw new RemoteError('unreachable', `Slack answered ${method} with a redirect`, known);
    }
    const { data } = answerSchema.safeParse(parsed(text));
    if (data === undefined || status >= 400) {
      const fault = status >= 400 ? faultOfStatus(status) : 'unreachable';
      throw new RemoteError(
        fault,
        `Slack answered ${method} with HTTP ${status} and no answer of its own`,
        known,
      );
    }
    if (!data.ok) return { ok: false, error: errorCode(data.error) };
    const scopes = (headers.get('x-oauth-scopes') ?? '').split(',').map((scope) => scope.trim());
    return { ok: true, body: data, scopes: scopes.filter((scope) => scope !== '') };
  };
}

const denied = [
  ...['not_authed', 'invalid_auth', 'account_inactive', 'token_revoked', 'token_expired', 'no_permission'],
  ...['missing_scope', 'not_allowed_token_type', 'ekm_access_denied', 'access_denied', 'accesslimited'],
  ...['not_in_channel', 'is_archived', 'restricted_action', 'restricted_action_read_only_channel'],
  ...['org_login_required', 'team_access_not_granted', 'channel_not_found', 'is_inactive'],
];
const throttled = ['ratelimited', 'rate_limited', 'message_limit_exceeded'];
// Slack says of some of these that a part may have been done.
const failed = [
  'fatal_error',
  'internal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
];

/** The fault that an error of Slack's stands for; what is not listed is about the request itself. */
export function faultOfSlack(error: string): RemoteFault {
  if (denied.includes(error)) return 'denied';
  if (throttled.includes(error)) return 'throttled';
  if (failed.includes(error)) return 'failed';
  return error === 'message_not_found' ? 'not_found' : 'refused';
}

/** An error of Slack's, for whoever delivers. */
export function slackError(method: string, error: string): RemoteError {
  return new RemoteError(faultOfSlack(error), `Slack refused ${method}: ${error}`);
}

/** Whether an attempt to write may have had an effect, as far as its failure tells. */
export function mayBeDone(error: unknown): boolean {
  return !(error instanceof RemoteError) || error.fault === 'unreachable' || error.fault === 'failed';
}

/** An error of Slack's as it may be shown; everything else that stands there is not. */
function errorCode(error: string | undefined): string {
  return error !== undefined && /^[a-z0-9_]{1,64}$/.test(error) ? error : 'unnamed_error';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
