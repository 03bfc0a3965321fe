import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** What went over the wire for one call, beside what the SDK tells of it. */
export interface HttpExchange {
  /** Null while no answer has begun. */
  readonly httpStatus: number | null;
  /** The answer's `x-acs-request-id`. */
  readonly requestId: string | null;
  /** The answer's `x-acs-retry-after` (ms), otherwise its `Retry-After` (s), in ms; null when it has neither. */
  readonly retryAfterMs: number | null;
  /** Ends the request, should it still be under way. */
  abort(): void;
  /** Ends the watching. */
  stop(): void;
}

/**
 * Watches for the request with this `x-acs-signature-nonce`. The SDK keeps an answer's headers only for codes with
 * "Throttling", tells no status and no RequestId of a body that is not JSON, and takes no abort signal; Node's
 * diagnostics channels `http.client.*` show the request and the answer themselves.
 */
export function watchExchange(nonce: string): HttpExchange {
  let request: ClientRequest | undefined;
  let response: IncomingMessage | undefined;
  const isOurs = (other: ClientRequest) => other.getHeader('x-acs-signature-nonce') === nonce;
  const onStart = (message: unknown) => {
    const started = (message as { request: ClientRequest }).request;
    if (isOurs(started)) request = started;
  };
  const onResponse = (message: unknown) => {
    const answered = message as { request: ClientRequest; response: IncomingMessage };
    if (isOurs(answered.request)) response = answered.response;
  };
  subscribe('http.client.request.start', onStart);
  subscribe('http.client.response.finish', onResponse);
  return {
    get httpStatus() {
      return response?.statusCode ?? null;
    },
    get requestId() {
      const id = response?.headers['x-acs-request-id'];
      return typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id) ? id : null;
    },
    get retryAfterMs() {
      return response ? retryAfterOf(response.headers) : null;
    },
    abort() {
      request?.destroy();
    },
    stop() {
      unsubscribe('http.client.request.start', onStart);
      unsubscribe('http.client.response.finish', onResponse);
    },
  };
}

const longestRetryAfterMs = 24 * 60 * 60 * 1000;

function retryAfterOf(headers: IncomingHttpHeaders): number | null {
  const ms = whole(headers['x-acs-retry-after']) ?? scaled(whole(headers['retry-after']));
  return ms === null || ms === 0 ? null : Math.min(ms, longestRetryAfterMs);
}

function whole(value: string | string[] | undefined): number | null {
  return typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : null;
}

function scaled(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
