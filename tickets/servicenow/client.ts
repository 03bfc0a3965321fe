import { RemoteError, faultOfStatus } from '../remote-error.ts';
import { retryAfterMs, untilMs } from '../retry-after.ts';
import { makeAuthorization } from './authorization.ts';
import { readJson } from './read-json.ts';
import type { Row } from './row.ts';
import type { ServiceNowLogin } from './settings.ts';

/** What a client works with. */
export interface ServiceNowDependencies {
  readonly fetch: typeof globalThis.fetch;
  /** What the login's secret file holds. */
  readonly secret: string;
  /** ms since the epoch; default the system's clock. */
  readonly now?: () => number;
  /** Longest wait for an answer; default 10,000 ms. */
  readonly deadlineMs?: number;
}

/** A request: `path` below `/api`, of our own making; every part of it that is not is encoded by the caller. */
export interface ServiceNowRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, string>>;
}

/** What a successful answer says. */
export interface ServiceNowAnswer {
  /** The records: one or several. */
  readonly rows: readonly Row[];
}

/** A business rule of the instance does not let the record become what was asked: nothing was changed. */
export class RefusedByRule extends RemoteError {
  constructor(httpStatus: number) {
    super('refused', 'a business rule of ServiceNow refused it', { httpStatus });
    this.name = 'RefusedByRule';
  }
}

/** Sends requests to one instance with one login. */
export interface ServiceNowClient {
  /** @throws RemoteError; RefusedByRule */
  request(request: ServiceNowRequest, signal: AbortSignal): Promise<ServiceNowAnswer>;
}

const defaultDeadlineMs = 10_000;
const longestRetryMs = 3_600_000;
const abortedByRule = /aborted by Business Rule/i;

/** A client of the Table and the Change Management API. */
export function makeServiceNowClient(
  url: string,
  login: ServiceNowLogin,
  { fetch, secret, now = Date.now, deadlineMs = defaultDeadlineMs }: ServiceNowDependencies,
): ServiceNowClient {
  const base = url.replace(/\/+$/, '');

  async function send(path: string, init: RequestInit, signal: AbortSignal): Promise<unknown> {
    const whole = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
    let answer: Awaited<ReturnType<typeof readJson>>;
    let response: Response;
    try {
      // A login must not go where a redirect leads, and a cache must not answer for the system.
      response = await fetch(`${base}${path}`, {
        ...init,
        redirect: 'manual',
        cache: 'no-store',
        signal: whole,
      });
      answer = await readJson(response);
    } catch (error) {
      // The error's own message and cause may name the address.
      const isLate = (error as { name?: unknown } | null)?.name === 'TimeoutError';
      throw new RemoteError(
        'unreachable',
        isLate ? 'no answer of ServiceNow in time' : 'no answer of ServiceNow',
      );
    }
    const { status } = response;
    if (status < 200 || (status >= 300 && status < 400)) {
      throw new RemoteError('unreachable', 'ServiceNow answered with a redirect', { httpStatus: status });
    }
    if (!response.ok) {
      if (status === 403 && abortedByRule.test(messageIn(answer))) throw new RefusedByRule(status);
      throw new RemoteError(faultOfStatus(status), `ServiceNow answered ${status}`, {
        httpStatus: status,
        retryAfterMs: waitIn(response.headers, now()),
      });
    }
    // A login page, or that of an instance that sleeps, comes with 200 too.
    if (answer === undefined) throw new RemoteError('unreachable', 'ServiceNow answered with no JSON');
    return answer;
  }

  const authorization = makeAuthorization(login, secret, {
    now,
    askToken: (form, signal) => {
      const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
      // As text: a fetch that goes by a proxy knows no other body.
      return send('/oauth_token.do', { method: 'POST', headers, body: form.toString() }, signal);
    },
  });

  async function once(
    { method, path, query, body }: ServiceNowRequest,
    signal: AbortSignal,
  ): Promise<unknown> {
    const [name, value] = await authorization.header(signal);
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    const headers = { accept: 'application/json', 'content-type': 'application/json', [name]: value };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return await send(`/api${path}${search}`, init, signal);
  }

  return {
    async request(request, signal) {
      let answer: unknown;
      try {
        answer = await once(request, signal);
      } catch (error) {
        // A token can be revoked before its end; what was answered 401 has done nothing.
        const isStale = error instanceof RemoteError && error.httpStatus === 401 && authorization.forget();
        if (!isStale) throw error;
        answer = await once(request, signal);
      }
      return { rows: rowsIn(answer) };
    },
  };
}

function rowsIn(answer: unknown): readonly Row[] {
  const { result, error } = (answer ?? {}) as { result?: unknown; error?: unknown };
  // A query that took too long is answered 200, with an error and a part of the rows.
  if (error !== undefined) throw new RemoteError('failed', 'ServiceNow answered 200 with an error');
  const rows: unknown[] = Array.isArray(result) ? result : [result];
  if (!rows.every(isRow)) throw new RemoteError('unreachable', 'ServiceNow answered with no records');
  return rows;
}

/** How long to wait, ms; where `Retry-After` does not say, until the limit begins anew (Unix seconds). */
function waitIn(headers: Headers, now: number): number | null {
  const reset = headers.get('x-ratelimit-reset') ?? '';
  const at = /^\d{1,12}$/.test(reset) ? Number(reset) * 1000 : NaN;
  return retryAfterMs(headers.get('retry-after'), now, longestRetryMs) ?? untilMs(at, now, longestRetryMs);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageIn(answer: unknown): string {
  const { error } = (answer ?? {}) as { error?: { message?: unknown; detail?: unknown } | null };
  return [error?.message, error?.detail].filter((text) => typeof text === 'string').join(' ');
}
