import { request as httpRequest } from 'node:http';
import type { Agent } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';

/** Shorter than any deadline of a call: what a proxy held up for longer was not sent. */
const tunnelWithinMs = 5000;

/** Where a proxy is, and what it wants to be told by whoever comes. */
export function proxyTarget(proxy: URL) {
  const { protocol, hostname, port, username, password } = proxy;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    send: protocol === 'https:' ? httpsRequest : httpRequest,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    headers:
      username === '' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` },
  };
}

/** Connections over TLS through a tunnel that a proxy opens (CONNECT, RFC 9110 §9.3.6): it sees a host and a port, no more. */
class TunnelAgent extends HttpsAgent {
  readonly #proxy: URL;
  constructor(proxy: URL, options?: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(
    options: ConnectionOptions & { readonly path?: string | null },
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { path: _path, host, port, ...tls } = options;
    openTunnel(this.#proxy, host ?? '', port ?? 443).then(
      (socket) => callback?.(null, connectTls({ ...tls, host: host ?? '', socket })),
      (error: unknown) => callback?.(error as Error, undefined as never),
    );
  }
}

/** An agent for one proxy. */
export function tunnelAgent(proxy: URL): Agent {
  return new TunnelAgent(proxy);
}

function openTunnel(proxy: URL, host: string, port: number): Promise<Duplex> {
  const { send, headers, ...where } = proxyTarget(proxy);
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    const request = send({
      ...where,
      method: 'CONNECT',
      path: authority,
      headers: { ...headers, host: authority },
      agent: false,
      timeout: tunnelWithinMs,
    });
    request.once('connect', (answer, socket) => {
      if (answer.statusCode === 200) {
        resolve(socket.setTimeout(0));
        return;
      }
      socket.destroy();
      reject(noTunnel(`answered ${answer.statusCode}`));
    });
    request.once('timeout', () => request.destroy(new Error('gave no answer in time')));
    request.once('error', (error) =>
      reject(noTunnel((error as NodeJS.ErrnoException).code ?? error.message)),
    );
    request.end();
  });
}

/** As if the host itself could not be connected to: surely nothing was sent to it. */
function noTunnel(why: string): Error {
  return Object.assign(new Error(`the proxy opened no tunnel: ${why}`), {
    code: 'EPROXY',
    syscall: 'connect',
  });
}
