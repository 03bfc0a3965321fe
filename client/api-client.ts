import type { ReadableStream } from 'node:stream/web';
import type { ChangeView, ListedChange } from '../api/change-view.ts';
import { allowed, CountersignError, isErrorCode, isRefused } from '../domain/error.ts';
import type { ErrorCode, FieldError, Judged } from '../domain/error.ts';

/** An audit entry as the API shows it. */
export interface ShownEntry {
  readonly index: number | null;
  readonly type: string;
  readonly time: string;
  readonly [member: string]: unknown;
}

/** One call of the API. */
type Call = [
  method: string,
  path: string,
  body?: object | undefined,
  headers?: Record<string, string> | undefined,
  signal?: AbortSignal | undefined,
];

/** The API, for the command line. */
export interface ApiClient {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object, headers?: Record<string, string>): Promise<T>;
  delete<T = unknown>(path: string): Promise<T>;
  change(id: string, signal?: AbortSignal): Promise<ChangeView>;
  list(query: URLSearchParams): Promise<{ items: ListedChange[]; nextCursor: string | null }>;
  events(id: string): Promise<ShownEntry[]>;
  /** What is answered as text. */
  text(path: string): Promise<string>;
  /** What is answered as a file, as it comes. */
  download(path: string): Promise<ReadableStream<Uint8Array>>;
  /** The answer itself, for whoever needs its status or reads it as it comes. */
  send(...call: Call): Promise<Response>;
}

/** What a client shows: a token that may be renewed while it works. */
export interface Bearer {
  /** The token to show now. @throws CountersignError `unauthenticated`, `identity_unavailable` */
  token(): Promise<string>;
  /**
   * Another token to show once, after a refusal; null where none would help.
   *
   * @param shown - the token that was refused
   */
  tokenAfter(refusal: CountersignError, shown: string): Promise<string | null>;
}

/** A token that stays as it is. */
function fixedToken(token: string): Bearer {
  return { token: () => Promise.resolve(token), tokenAfter: () => Promise.resolve(null) };
}

/** The members of a problem (RFC 9457) that are read here; others belong to its code. */
interface Problem {
  readonly code?: unknown;
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly [member: string]: unknown;
}

/** A client of the API at an address, with a bearer token. What it throws carries the API's code. */
export function apiClient(url: string, bearer: string | Bearer, fetch = globalThis.fetch): ApiClient {
  const tokens = typeof bearer === 'string' ? fixedToken(bearer) : bearer;

  async function send(...call: Call): Promise<Response> {
    const shown = await tokens.token();
    const answer = await ask(shown, ...call);
    if (!isRefused(answer)) return answer;
    const another = await tokens.tokenAfter(answer, shown);
    // What was refused for want of a better token has had no effect: the same call may be made again.
    return allowed(another === null ? answer : await ask(another, ...call));
  }

  async function ask(
    token: string,
    ...[method, path, body, headers, signal]: Call
  ): Promise<Judged<Response>> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      ...(signal ? { signal } : {}),
    }).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new CountersignError('engine_unavailable', `nothing answers at ${url}`, { cause });
    });
    if (response.ok) return response;
    const { code, detail, errors, ...rest } = await problemIn(response, signal);
    const known = new Set(['type', 'title', 'status', 'instance']);
    const extra = Object.entries(rest).filter(
      (member): member is [string, string | number] =>
        !known.has(member[0]) && ['string', 'number'].includes(typeof member[1]),
    );
    const told = isErrorCode(code) ? code : codeOfStatus(response.status);
    return new CountersignError(told, detail ?? `${url} answered ${response.status} ${response.statusText}`, {
      errors: errors ?? [],
      extra: Object.fromEntries(extra),
    });
  }
  async function call<T>(...sent: Call): Promise<T> {
    const response = await send(...sent);
    try {
      return (await response.json()) as T;
    } catch (cause) {
      sent[4]?.throwIfAborted();
      // No JSON at all is another server's answer; everything else is a connection that was lost on the way.
      if (cause instanceof SyntaxError)
        throw new CountersignError('internal_error', `${url} answered something else than JSON`, { cause });
      throw new CountersignError('engine_unavailable', `the answer of ${url} was cut short`, { cause });
    }
  }
  return {
    send,
    get: (path) => call('GET', path),
    post: (path, body, headers) => call('POST', path, body, headers),
    delete: (path) => call('DELETE', path),
    change: (id, signal) =>
      call('GET', `/v1/changes/${encodeURIComponent(id)}`, undefined, undefined, signal),
    list: (query) => call('GET', `/v1/changes?${query.toString()}`),
    events: async (id) =>
      (await call<{ items: ShownEntry[] }>('GET', `/v1/changes/${encodeURIComponent(id)}/events`)).items,
    text: async (path) => (await send('GET', path)).text(),
    async download(path) {
      const { body } = await send('GET', path);
      if (body === null) throw new CountersignError('internal_error', 'the answer is empty');
      return body;
    },
  };
}

/** What a refusal says; nothing where it is not the API's own, such as a page of a proxy. */
async function problemIn(response: Response, signal: AbortSignal | undefined): Promise<Problem> {
  try {
    return ((await response.json()) as Problem | null) ?? {};
  } catch {
    signal?.throwIfAborted();
    return {};
  }
}

/** The code of a refusal that has none, since a gateway before the API made it. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 429) return 'rate_limited';
  return [502, 503, 504].includes(status) ? 'engine_unavailable' : 'internal_error';
}
