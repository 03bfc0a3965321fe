import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { send } from './answer.ts';
import type { Certificate } from './certificate.ts';
import { answerControl } from './control.ts';
import { BodyTooLarge, readIncoming } from './incoming.ts';
import { problemAnswer } from './problem.ts';
import { createSimulation } from './simulation.ts';
import type { Simulation } from './simulation.ts';
import { answerVendorCall } from './vendor-endpoint.ts';

/** How to start a simulator. */
export interface SimulatorOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** Address to listen on: loopback, since whoever reaches the simulator can steer it. */
  readonly host?: '127.0.0.1';
  /** Access key ids and their secrets, all of one account; `{ 'sim-access-key': 'sim-secret' }` when absent. */
  readonly accessKeys?: Readonly<Record<string, string>>;
  /** Calls that the account may make in any second; 500 when absent. */
  readonly callsPerSecond?: number;
  /** Certificates to begin with. */
  readonly seed?: readonly Certificate[];
  /** The region that is played; `cn-hangzhou` when absent. It stands in the trail alone. */
  readonly regionId?: string;
  /** A file to which every call that ended is appended, a line each, as the account's ActionTrail would have it. */
  readonly trailFile?: string;
  /** Receives a line for every call (`event: 'call'` and the fields of a call record) and every control request. */
  readonly log?: (line: object) => void;
  /**
   * PEM key and certificate; with them the same simulator also listens on HTTPS, on a free port, since the vendor's
   * credential library reaches STS over HTTPS alone.
   */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A running simulator. */
export interface RunningSimulator {
  /** `http://127.0.0.1:PORT`, for `ONSMQTT_ENDPOINT` and `/_sim`. */
  readonly url: string;
  readonly port: number;
  /** `https://127.0.0.1:PORT` when `tls` was given. */
  readonly tlsUrl?: string;
  /** Ends every connection, hanging ones too, and resolves once the ports are free. */
  close(): Promise<void>;
}

/** The access key of a simulator that was given none. */
export const DEFAULT_ACCESS_KEYS: Readonly<Record<string, string>> = { 'sim-access-key': 'sim-secret' };

// Longer than clients keep idle connections, so that none of them meets a connection that closes under its request.
const KEEP_ALIVE_MS = 65_000;

async function answer(
  simulation: Simulation,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const arrival = performance.timeOrigin + performance.now();
  const isControl = /^\/_sim(\/|\?|$)/.test(request.url ?? '');
  let incoming;
  try {
    incoming = await readIncoming(request);
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) return; // The client went away.
    response.setHeader('connection', 'close');
    send(response, problemAnswer(413, 'Expected at most 4 MiB.'));
    return;
  }
  if (!isControl) {
    await answerVendorCall(simulation, incoming, { request, response, arrival });
    return;
  }
  const result = answerControl(simulation, incoming, request.socket.remoteAddress);
  simulation.log({ event: 'control', method: incoming.method, path: incoming.path, status: result.status });
  send(response, result);
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** Opened for its owner alone; a call that is told later than the simulator's end is lost. */
function openTrail(file: string): WriteStream {
  return createWriteStream(file, { flags: 'a', mode: 0o600 });
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/**
 * Starts a local ApsaraMQ for MQTT endpoint (OpenAPI product `onsmqtt`, version 2020-04-20) that verifies signatures,
 * keeps certificates in memory and can be told to fail; see docs/simulator.md.
 *
 * @throws the listener's error (`EADDRINUSE`, `EACCES`) when the port cannot be had
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const closing = new AbortController();
  const log = options.log ?? (() => undefined);
  const trail = options.trailFile === undefined ? null : openTrail(options.trailFile);
  const simulation = createSimulation({
    accessKeys: options.accessKeys ?? DEFAULT_ACCESS_KEYS,
    callsPerSecond: options.callsPerSecond ?? 500,
    seed: options.seed ?? [],
    closing: closing.signal,
    regionId: options.regionId ?? 'cn-hangzhou',
    log,
    tell: (event) => trail?.write(`${JSON.stringify(event)}\n`),
  });
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    answer(simulation, request, response).catch((error: unknown) => {
      log({
        event: 'defect',
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      request.socket.destroy();
    });
  };
  const host = options.host ?? '127.0.0.1';
  const server = createServer(handler);
  const servers = [server];
  const port = await listen(server, options.port ?? 0, host);
  const url = `http://${host}:${port}`;
  const close = async (): Promise<void> => {
    closing.abort();
    await Promise.all(servers.map(stop));
    if (trail !== null) await new Promise<void>((resolve) => trail.end(resolve));
  };
  if (options.tls === undefined) return { url, port, close };
  try {
    const tlsServer = createTlsServer({ key: options.tls.key, cert: options.tls.cert }, handler);
    const tlsPort = await listen(tlsServer, 0, host);
    servers.push(tlsServer);
    return { url, port, tlsUrl: `https://${host}:${tlsPort}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}
