import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadableStream } from 'node:stream/web';
import type { ListedChange } from '../api/listed-change.ts';
import type { ChangeView } from '../api/view.ts';
import { CountersignError, isErrorCode } from '../domain/error.ts';
import type { FieldError } from '../domain/error.ts';
import type { Environment } from './environment.ts';
import type { Running } from './run-start.ts';

/** An audit entry as the API shows it. */
export interface ShownEntry {
  readonly index: number | null;
  readonly type: string;
  readonly time: string;
  readonly [member: string]: unknown;
}

/** The API, for the command line. */
export interface ApiClient {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object, headers?: Record<string, string>): Promise<T>;
  delete<T = unknown>(path: string): Promise<T>;
  change(id: string): Promise<ChangeView>;
  list(query: URLSearchParams): Promise<{ items: ListedChange[]; nextCursor: string | null }>;
  events(id: string): Promise<ShownEntry[]>;
  /** What is answered as text. */
  text(path: string): Promise<string>;
  /** What is answered as a file, as it comes. */
  download(path: string): Promise<ReadableStream<Uint8Array>>;
}

/** Where `countersign start` runs, or null. */
export async function runningStack(env: Environment): Promise<Running | null> {
  const file = join(env.COUNTERSIGN_HOME, 'running.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  try {
    return text === null ? null : (JSON.parse(text) as Running);
  } catch (cause) {
    throw new CountersignError(
      'invalid_configuration',
      `${file} is not JSON: stop what runs and start it again`,
      {
        cause,
      },
    );
  }
}

/** The API's address: COUNTERSIGN_URL, otherwise the running stack's. @throws CountersignError `invalid_configuration` */
export async function apiUrl(env: Environment): Promise<string> {
  const url = env.COUNTERSIGN_URL ?? (await runningStack(env))?.api;
  if (url === undefined) {
    throw new CountersignError(
      'invalid_configuration',
      'nothing runs here: set COUNTERSIGN_URL, or start it with npm start',
    );
  }
  return url.replace(/\/$/, '');
}

/** The members of a problem (RFC 9457) that are read here; others belong to its code. */
interface Problem {
  readonly code?: unknown;
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly [member: string]: unknown;
}

/** A client of the API at an address, with a bearer token. What it throws carries the API's code. */
export function apiClient(url: string, token: string, fetch = globalThis.fetch): ApiClient {
  async function send(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }).catch((cause: unknown) => {
      throw new CountersignError('engine_unavailable', `nothing answers at ${url}`, { cause });
    });
    if (response.ok) return response;
    const { code, detail, errors, ...rest } = (await response.json().catch(() => ({}))) as Problem;
    const known = new Set(['type', 'title', 'status', 'instance']);
    const extra = Object.entries(rest).filter(
      (member): member is [string, string | number] =>
        !known.has(member[0]) && ['string', 'number'].includes(typeof member[1]),
    );
    throw new CountersignError(isErrorCode(code) ? code : 'internal_error', detail ?? response.statusText, {
      errors: errors ?? [],
      extra: Object.fromEntries(extra),
    });
  }
  async function call<T>(...sent: Parameters<typeof send>): Promise<T> {
    return (await (await send(...sent)).json()) as T;
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body, headers) => call('POST', path, body, headers),
    delete: (path) => call('DELETE', path),
    change: (id) => call('GET', `/v1/changes/${encodeURIComponent(id)}`),
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
