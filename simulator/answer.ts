import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf, statusOf } from './vendor-error.ts';

/** An answer, ready to be sent. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an error answer says. */
export interface ErrorFacts {
  readonly code: string;
  readonly message?: string | undefined;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** What every answer of one call shares. */
export interface AnswerContext {
  readonly requestId: string;
  /** Host that the caller asked, answered as `HostId`. */
  readonly hostId: string;
  /** Whether codes stand at the statuses of the vendor's notice. */
  readonly movedStatuses: boolean;
}

const JSON_TYPE = 'application/json;charset=utf-8';

/** A success in the vendor's form. */
export function successAnswer(context: AnswerContext, body: Readonly<Record<string, unknown>>): Answer {
  return {
    status: 200,
    contentType: JSON_TYPE,
    body: JSON.stringify({ RequestId: context.requestId, ...body }),
    headers: { 'x-acs-request-id': context.requestId },
  };
}

/** An error in the vendor's form: `{RequestId, HostId, Code, Message, Recommend}`. */
export function errorAnswer(context: AnswerContext, facts: ErrorFacts): Answer {
  const { code, retryAfterMs } = facts;
  const query = new URLSearchParams({ q: code, product: 'OnsMqtt', requestId: context.requestId });
  const retry: Record<string, string> =
    retryAfterMs === undefined
      ? {}
      : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)), 'x-acs-retry-after': String(retryAfterMs) };
  return {
    status: facts.status ?? statusOf(code, context.movedStatuses),
    contentType: JSON_TYPE,
    body: JSON.stringify({
      RequestId: context.requestId,
      HostId: context.hostId,
      Code: code,
      Message: facts.message ?? messageOf(code),
      Recommend: `https://api.alibabacloud.com/troubleshoot?${query.toString()}`,
    }),
    headers: { 'x-acs-request-id': context.requestId, ...retry },
  };
}

function writeHead(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    ...answer.headers,
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
  });
}

/** Sends an answer whole. */
export function send(response: ServerResponse, answer: Answer): void {
  writeHead(response, answer);
  response.end(answer.body);
}

/** Ends the connection with a TCP reset where the socket allows it. */
export function resetConnection(request: IncomingMessage): void {
  // A TLS socket has no TCP handle of its own to reset.
  if ('encrypted' in request.socket) request.socket.destroy();
  else request.socket.resetAndDestroy();
}

/** Sends the head and half of the body, then closes the connection. */
export function sendHalf(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  writeHead(response, answer);
  const half = Buffer.from(answer.body).subarray(0, Math.floor(Buffer.byteLength(answer.body) / 2));
  response.write(half, () => {
    // A clean end lets the half arrive: a reset could overtake it.
    request.socket.destroy();
  });
}

/** Waits, unless the simulator closes first; false then. */
export async function delay(milliseconds: number, closing: AbortSignal): Promise<boolean> {
  if (milliseconds === 0) return !closing.aborted;
  try {
    await wait(milliseconds, undefined, { signal: closing });
    return true;
  } catch {
    return false;
  }
}
