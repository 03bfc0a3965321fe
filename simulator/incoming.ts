import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** Name and value, decoded. */
export type Pair = readonly [name: string, value: string];

/** A request, read whole. */
export interface Incoming {
  readonly method: string;
  /** Path as sent, without the query. */
  readonly path: string;
  readonly query: readonly Pair[];
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Parameters of a form body (`application/x-www-form-urlencoded`), otherwise empty. */
  readonly form: readonly Pair[];
}

/** Bodies above this size (bytes) are refused. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** The body is larger than {@link MAX_BODY_BYTES}. */
export class BodyTooLarge extends Error {}

/** Reads a request whole. Throws {@link BodyTooLarge}, or the socket's error when the client goes away. */
export async function readIncoming(request: IncomingMessage): Promise<Incoming> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? [] : [...new URLSearchParams(url.slice(mark + 1))],
    headers: request.headers,
    body,
    form: isForm ? [...new URLSearchParams(body.toString('utf8'))] : [],
  };
}

/** One header's value; several lines of one name are joined by commas. */
export function header(incoming: Incoming, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
