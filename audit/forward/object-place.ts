import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CountersignError } from '../../domain/error.ts';
import type { Place } from './place.ts';

/** A request to an object store, before it is signed. */
export interface StoreRequest {
  readonly method: 'GET' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

/** How a kind of object store is spoken to. */
export interface ObjectStore {
  /** For people, such as `s3://bucket/prefix`. */
  readonly name: string;
  urlOf(path: string): string;
  /** What makes a put fail where the name is taken. */
  readonly createOnly: Readonly<Record<string, string>>;
  /** Whether that is not enough, so that a name is looked up first: in buckets with versions a second put could make another. */
  readonly looksFirst: boolean;
  /** Whether an answer says that it is. */
  isTaken(status: number, code: string): boolean;
  /** What keeps an object from being deleted or overwritten until a moment, also by an administrator. */
  lock(until: Date): Readonly<Record<string, string>>;
  /** The headers with a signature. */
  sign(request: StoreRequest): Promise<Readonly<Record<string, string>>>;
}

/** Options of {@link objectPlace}. */
export interface ObjectPlaceOptions {
  readonly store: ObjectStore;
  /** For how long what never changes is locked, ms; null: as the bucket says. */
  readonly lockMs: number | null;
  readonly fetch: typeof globalThis.fetch;
  readonly now?: () => number;
}

/** Longest wait for an answer, ms. */
const deadlineMs = 30_000;
/** How often a put is tried that met another of the same name. */
const tries = 5;

/** Forwards to an object store. What never changes is put under a name that nobody has, and locked. */
export function objectPlace({ store, lockMs, fetch, now = Date.now }: ObjectPlaceOptions): Place {
  return {
    name: store.name,
    read,
    async create(path, bytes, signal) {
      if (store.looksFirst && (await read(path, signal)) !== null) return false;
      const locked = lockMs === null ? {} : store.lock(new Date(now() + lockMs));
      for (let n = 1; ; n++) {
        const { status, code } = await send('PUT', path, { ...store.createOnly, ...locked }, bytes, signal);
        if (status === 200) return true;
        if (store.isTaken(status, code)) return false;
        if (status !== 409 || n === tries) return unexpected(path, status, code);
        await delay(100 * n, undefined, { signal });
      }
    },
    async replace(path, bytes, signal) {
      const { status, code } = await send('PUT', path, {}, bytes, signal);
      if (status !== 200) unexpected(path, status, code);
    },
  };

  async function read(path: string, signal?: AbortSignal): Promise<Buffer | null> {
    const { status, bytes, code } = await send('GET', path, {}, null, signal);
    if (status === 200) return bytes;
    if (status === 404 && code !== 'NoSuchBucket') return null;
    return unexpected(path, status, code);
  }

  async function send(
    method: StoreRequest['method'],
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Buffer | null,
    signal?: AbortSignal,
  ): Promise<{ status: number; bytes: Buffer; code: string }> {
    const deadline = AbortSignal.timeout(deadlineMs);
    try {
      const request = { method, url: store.urlOf(path), headers: { ...headers, ...contentOf(body) }, body };
      const response = await fetch(request.url, {
        method,
        headers: await store.sign(request),
        ...(body === null ? {} : { body: new Uint8Array(body) }),
        redirect: 'error',
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      const code = response.ok ? '' : (/<Code>([\w.]+)<\/Code>/.exec(bytes.toString())?.[1] ?? '');
      return { status: response.status, bytes, code };
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new CountersignError('place_unavailable', `${store.name}: ${path}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  function unexpected(path: string, status: number, code: string): never {
    throw new CountersignError(
      'place_unavailable',
      `${store.name}: ${path}: answers ${status} ${code}`.trimEnd(),
    );
  }
}

/** S3 asks for a digest of what is put under a lock. */
function contentOf(body: Buffer | null): Record<string, string> {
  if (body === null) return {};
  return {
    'content-type': 'application/octet-stream',
    'content-md5': createHash('md5').update(body).digest('base64'),
  };
}
