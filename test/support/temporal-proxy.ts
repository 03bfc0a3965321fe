import { connect, createSecureServer, createServer } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream, SecureServerOptions } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A refusal as gRPC tells it. */
export interface GrpcRefusal {
  readonly status: number;
  readonly message: string;
}

export interface TemporalProxyOptions {
  /** host:port of the real server behind it. */
  readonly address: string;
  /** Its certificate and what it asks of clients; without it HTTP/2 in the clear. */
  readonly tls?: SecureServerOptions;
  /** What is asked of each call; null lets it pass. */
  readonly authorize?: (headers: IncomingHttpHeaders) => GrpcRefusal | null;
}

/** A proxy that speaks HTTP/2 before a Temporal server, as Temporal Cloud and company gateways do. */
export async function startTemporalProxy({ address, tls, authorize = () => null }: TemporalProxyOptions) {
  const behind = connect(`http://${address}`);
  const server = tls === undefined ? createServer() : createSecureServer({ ...tls, allowHTTP1: false });
  const passed: string[] = [];
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    const refusal = authorize(headers);
    if (refusal === null) {
      passed.push(String(headers[':path']));
      pass(stream, headers);
      return;
    }
    const told = { 'grpc-status': String(refusal.status), 'grpc-message': refusal.message };
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...told }, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const call = behind.request({ ...headers, ':scheme': 'http', ':authority': address });
    const trailers = new Promise<IncomingHttpHeaders>((resolve) => {
      call.on('trailers', resolve);
      call.on('close', () => resolve({}));
    });
    call.on('error', () => stream.close());
    stream.on('close', () => call.close());
    stream.on(
      'wantTrailers',
      () => void trailers.then((last) => stream.destroyed || stream.sendTrailers(last)),
    );
    call.on('response', (first) => {
      // A refusal is headers alone; they would else be followed by empty trailers.
      if (first['grpc-status'] !== undefined) stream.respond(first, { endStream: true });
      else {
        stream.respond(first, { waitForTrailers: true });
        call.pipe(stream);
      }
    });
    stream.pipe(call);
  }

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Paths of the calls that passed. */
    passed,
    async stop(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      behind.destroy();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}
