import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { delay, resetConnection, send } from './answer.ts';
import type { Answer } from './answer.ts';
import { isLoopback } from './control.ts';
import { BodyTooLarge, readIncoming } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import { problemAnswer } from './problem.ts';

/** A 200, or another status, with a JSON body. */
export function jsonAnswer(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, contentType: 'application/json;charset=UTF-8', body: JSON.stringify(body), headers };
}

/**
 * How a scripted answer goes wrong.
 *
 * - `status`: this status and body; nothing is done
 * - `applied_then_500`: done, and answered 500
 * - `unchanged`: answered as if it were done, and nothing is: the route is asked with `dryRun`
 * - `slow`: the true answer, late by `delayMs`
 * - `hang`: no answer; nothing is done
 * - `reset`, `reset_after`: the connection is reset, before or after it was done
 */
export interface RestFault {
  readonly kind: 'status' | 'applied_then_500' | 'unchanged' | 'slow' | 'hang' | 'reset' | 'reset_after';
  /** Only requests of this method. */
  readonly method?: string;
  /** Only requests whose path contains this. */
  readonly path?: string;
  /** How many requests it takes; default 1. */
  readonly times?: number;
  readonly status?: number;
  readonly body?: unknown;
  readonly delayMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that came, for `GET /_sim/calls`. */
export interface RestCall {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
  readonly fault: RestFault['kind'] | null;
}

/** Answers a request of the system. `dryRun`: the answer as if it were done, without doing it. */
export type RestRoute = (incoming: Incoming, dryRun: boolean) => Answer | Promise<Answer>;

/** How to start a local endpoint of a system. */
export interface RestEndpointOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** PEM key and certificate: it then speaks HTTPS. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  readonly route: RestRoute;
  /** `/_sim/…` beside the common `health`, `faults` and `calls`: by method and path, such as `PUT /_sim/issues`. */
  readonly control?: Readonly<Record<string, (incoming: Incoming) => Answer | Promise<Answer>>>;
  /** A page that shows what it holds, at `/_sim`. HTML. */
  readonly page?: () => string;
  /** Connections that want another protocol, such as WebSocket. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** A running endpoint. */
export interface RestEndpoint {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const longestLog = 2000;

/**
 * A local endpoint that speaks the HTTP of somebody else's system, on loopback, and can be told to fail
 * (`POST /_sim/faults`, a list of {@link RestFault}) or to be away (`POST /_sim/outages`, `{seconds}`); `GET /_sim/calls` tells
 * what came.
 */
export async function startRestEndpoint(options: RestEndpointOptions): Promise<RestEndpoint> {
  const closing = new AbortController();
  let faults: { readonly fault: RestFault; left: number }[] = [];
  let calls: RestCall[] = [];

  function take({ method, path }: Incoming): RestFault | null {
    const line = faults.find(
      ({ fault }) =>
        (fault.method === undefined || fault.method === method) &&
        (fault.path === undefined || path.includes(fault.path)),
    );
    if (line === undefined) return null;
    line.left -= 1;
    if (line.left <= 0) faults = faults.filter((other) => other !== line);
    return line.fault;
  }

  async function control(incoming: Incoming): Promise<Answer> {
    const { method, path } = incoming;
    const own = options.control?.[`${method} ${path}`];
    if (own !== undefined) return await own(incoming);
    switch (`${method} ${path}`) {
      case 'GET /_sim':
        return { status: 200, contentType: 'text/html; charset=utf-8', body: options.page?.() ?? '' };
      case 'GET /_sim/health':
        return jsonAnswer({ status: 'ok' });
      case 'GET /_sim/calls':
        return jsonAnswer({ calls });
      case 'DELETE /_sim/calls':
        calls = [];
        return jsonAnswer({ calls });
      case 'POST /_sim/faults': {
        const sent = JSON.parse(incoming.body.toString('utf8')) as RestFault | RestFault[];
        faults.push(...[sent].flat().map((fault) => ({ fault, left: fault.times ?? 1 })));
        return jsonAnswer({ faults: faults.length });
      }
      case 'POST /_sim/outages': {
        const { seconds } = JSON.parse(incoming.body.toString('utf8')) as { seconds?: unknown };
        if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= 3600)) {
          return problemAnswer(422, 'seconds: a number above 0, at most 3600.');
        }
        // Once this answer has left.
        setTimeout(() => void outage(seconds * 1000), 50).unref();
        return jsonAnswer({ seconds });
      }
      case 'DELETE /_sim/faults':
        faults = [];
        return jsonAnswer({ faults: 0 });
    }
    return problemAnswer(404, 'Not a path of this control interface.');
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = new Date().toISOString();
    let incoming: Incoming;
    try {
      incoming = await readIncoming(request);
    } catch (error) {
      if (!(error instanceof BodyTooLarge)) return;
      response.setHeader('connection', 'close');
      send(response, problemAnswer(413, 'Expected at most 4 MiB.'));
      return;
    }
    if (/^\/_sim(\/|$)/.test(incoming.path)) {
      const isLocal = isLoopback(request.socket.remoteAddress);
      send(response, isLocal ? await control(incoming) : problemAnswer(403, 'Loopback callers alone.'));
      return;
    }
    const fault = take(incoming);
    const record = (status: number | null) => {
      const call = { at, method: incoming.method, path: incoming.path, status, fault: fault?.kind ?? null };
      calls = [...calls, call].slice(-longestLog);
    };
    const tell = (told: Answer) => {
      record(told.status);
      send(response, told);
    };
    if (fault === null) {
      tell(await options.route(incoming, false));
      return;
    }
    const { body = {}, headers } = fault;
    switch (fault.kind) {
      case 'status':
        tell(jsonAnswer(body, fault.status ?? 500, headers));
        break;
      case 'applied_then_500':
        await options.route(incoming, false);
        tell(jsonAnswer(body, fault.status ?? 500, headers));
        break;
      case 'unchanged':
        tell(await options.route(incoming, true));
        break;
      case 'slow':
        if (await delay(fault.delayMs ?? 1000, closing.signal)) tell(await options.route(incoming, false));
        break;
      case 'hang':
        record(null);
        break;
      case 'reset':
      case 'reset_after':
        if (fault.kind === 'reset_after') await options.route(incoming, false);
        record(null);
        resetConnection(request);
    }
  }

  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => {
      // A defect of this endpoint, for whoever tests with it.
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  };
  const server: Server =
    options.tls === undefined ? createServer(handler) : createTlsServer(options.tls, handler);
  server.keepAliveTimeout = 65_000;
  if (options.upgrade !== undefined) server.on('upgrade', options.upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  /** As if it had been killed: every connection ends, and nothing listens until it is over. What it holds stays. */
  async function outage(ms: number): Promise<void> {
    if (closing.signal.aborted) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    if (await delay(ms, closing.signal)) server.listen(port, '127.0.0.1');
  }

  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    async close() {
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
