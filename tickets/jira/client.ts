import { RemoteError, faultOfStatus } from '../remote-error.ts';
import { retryAfterMs, untilMs } from '../retry-after.ts';
import type { JiraSettings } from './settings.ts';

/** One call of Jira's REST API. */
export interface JiraRequest {
  /** What it is for, such as `read an issue`: for messages. */
  readonly what: string;
  readonly method: 'GET' | 'POST';
  /** After `/rest/api/<version>/`, or a path that begins with `/`. Its parts are encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Sends one call and gives the answer's JSON; null where it has none. @throws RemoteError */
export type JiraClient = (request: JiraRequest) => Promise<unknown>;

/** What a client of Jira works with. */
export interface JiraDependencies {
  readonly fetch: typeof globalThis.fetch;
  /** The text of the credential's secret file. */
  readonly secret: string;
  /** Longest wait for one answer, ms; default 10,000. */
  readonly deadlineMs?: number;
  readonly now?: () => number;
}

const defaultDeadlineMs = 10_000;
const longestRetryMs = 3_600_000;
const mostBytes = 4 * 1024 * 1024;

/** A client for one login. Its errors name neither the address nor the login, and nothing of an answer but field names. */
export function makeJiraClient(
  { url, deployment }: Pick<JiraSettings, 'url' | 'deployment'>,
  user: string | undefined,
  { fetch, secret, deadlineMs = defaultDeadlineMs, now = Date.now }: JiraDependencies,
): JiraClient {
  const base = url.replace(/\/+$/, '');
  const api = `${base}/rest/api/${deployment === 'cloud' ? 3 : 2}/`;
  const authorization =
    user === undefined ? `Bearer ${secret}` : `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

  return async ({ what, method, path, query = {}, body, signal }) => {
    const asked = new URL(path.startsWith('/') ? `${base}${path}` : `${api}${path}`);
    for (const [name, value] of Object.entries(query)) asked.searchParams.set(name, value);
    let response: Response;
    let text: string;
    try {
      response = await fetch(asked, {
        method,
        headers: {
          accept: 'application/json',
          authorization,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A login must not follow to another address.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
      });
      text = await limited(response);
    } catch (error) {
      signal.throwIfAborted();
      const late = (error as { name?: string } | null)?.name === 'TimeoutError';
      throw new RemoteError('unreachable', `Jira gave no answer${late ? ' in time' : ''}: ${what}`);
    }
    const { status, ok, headers } = response;
    if (!ok) {
      const fault = status < 400 ? 'unreachable' : faultOfStatus(status);
      const wait = fault === 'throttled' || fault === 'failed' ? waitIn(headers, now()) : null;
      const message = `Jira answered ${status}: ${what}${reasonIn(headers)}${fieldsIn(text)}`;
      throw new RemoteError(fault, message, { httpStatus: status, retryAfterMs: wait });
    }
    if (text === '') return null;
    const answer = parsed(text);
    if (answer === undefined) {
      const message = `something that is not Jira answered ${status}: ${what}`;
      throw new RemoteError('unreachable', message, { httpStatus: status });
    }
    return answer;
  };
}

async function limited({ body }: Response): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > mostBytes) throw new Error('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** How long to wait, ms; where `Retry-After` does not say, until the limit begins anew. */
function waitIn(headers: Headers, now: number): number | null {
  const reset = Date.parse(headers.get('x-ratelimit-reset') ?? '');
  return retryAfterMs(headers.get('retry-after'), now, longestRetryMs) ?? untilMs(reset, now, longestRetryMs);
}

/** Which limit was met. */
function reasonIn(headers: Headers): string {
  const reason = headers.get('ratelimit-reason') ?? '';
  return /^[a-z-]{1,60}$/.test(reason) ? ` (${reason})` : '';
}

/** The names of the fields that an error complains of: what it says of them is somebody else's text. */
function fieldsIn(text: string): string {
  const { errors } = (parsed(text) ?? {}) as { errors?: unknown };
  if (typeof errors !== 'object' || errors === null || Array.isArray(errors)) return '';
  const names = Object.keys(errors).filter((name) => /^\w{1,60}$/.test(name));
  return names.length === 0 ? '' : `, because of ${names.slice(0, 10).join(', ')}`;
}
