import { lookup as lookupAddresses } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { AgentOptions, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect as connectTcp, isIP } from 'node:net';
import type { LookupFunction, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { RemoteError } from '../remote-error.ts';
import { addressGuard } from './special-addresses.ts';

/** What is sent. */
export interface GuardedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/**
 * Posts to an address that somebody else has named, and answers the status: bodies are not read, redirects not followed.
 * @throws RemoteError `unreachable` without an answer, also where no connection is made since the address is not allowed
 */
export type GuardedFetch = (
  url: string,
  request: GuardedRequest,
) => Promise<{ readonly status: number; readonly retryAfter: string | null }>;

/** Options of {@link makeGuardedFetch}. */
export interface GuardOptions {
  /** Special ranges that connections may lead to, in CIDR notation; default none. */
  readonly allowNetworks?: readonly string[];
  /** Default: the machine's own. */
  readonly lookup?: (host: string) => Promise<readonly LookupAddress[]>;
  /** Certificates (PEM) that are trusted beside Node's own. */
  readonly ca?: string;
}

/** Connections that are kept for the next message, and for how long, ms. */
const kept = { keepAlive: true, maxFreeSockets: 8, keepAliveMsecs: 10_000, timeout: 30_000 } as const;

class AddressRefused extends Error {}
class StaleConnection extends Error {}

/**
 * A {@link GuardedFetch}. Where a connection may lead is asked when it is made: of the very addresses that the name's one lookup
 * has given, and once more of the address that it came to, before a byte is sent. So a name that leads elsewhere from one moment
 * to the next is no way in. It is the same for TLS, whose library knows no such check of its own.
 */
export function makeGuardedFetch(options: GuardOptions = {}): GuardedFetch {
  const { allowNetworks = [], lookup = machineLookup, ca } = options;
  const isAllowed = addressGuard(allowNetworks);
  const guardedLookup = guarded(lookup, isAllowed);
  const connect = (host: string, port: number) => connectGuarded(host, port, guardedLookup, isAllowed);
  const agents = {
    'http:': new GuardedAgent(connect, kept),
    'https:': new GuardedTlsAgent(connect, { ...kept, ...(ca === undefined ? {} : { ca }) }),
  };
  return async (url, { headers, body, signal }) => {
    const to = new URL(url);
    const isTls = to.protocol === 'https:';
    const send = isTls ? httpsRequest : httpRequest;
    const once = () =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const request = send(to, {
          method: 'POST',
          headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
          agent: agents[isTls ? 'https:' : 'http:'],
          signal,
        });
        request.once('response', resolve);
        request.once('error', (error: NodeJS.ErrnoException) => {
          const isStale = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '');
          reject(isStale ? new StaleConnection() : error);
        });
        request.end(body);
      });
    try {
      const answer = await fresh(once);
      await passed(answer);
      return { status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] ?? null };
    } catch (error) {
      // The error's own message and cause may name the address.
      if (error instanceof AddressRefused) {
        throw new RemoteError('unreachable', 'its address is in a range that is not allowed');
      }
      throw new RemoteError('unreachable', signal.aborted ? 'no answer in time' : 'no answer');
    }
  };
}

/** A kept connection that its other side has closed meanwhile says nothing of the receiver: another is taken. */
async function fresh<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
    }
  }
}

/** Most bytes of an answer's body that are read, so that its connection can serve the next message. */
const mostBytes = 65_536;

/** Reads a body that nobody wants; a long one costs its connection. The status counts, whatever becomes of the body. */
function passed(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostBytes) answer.destroy();
    });
    for (const over of ['end', 'error', 'close']) answer.once(over, () => resolve());
  });
}

type Connect = (host: string, port: number) => Promise<Socket>;
type Created = (error: Error | null, stream: Duplex) => void;

class GuardedAgent extends HttpAgent {
  readonly #connect: Connect;
  constructor(connect: Connect, options: AgentOptions) {
    super(options);
    this.#connect = connect;
  }

  override createConnection(options: ConnectionOptions, callback?: Created): undefined {
    this.#connect(options.host ?? '', options.port ?? 80).then(
      (socket) => callback?.(null, socket),
      (error: unknown) => callback?.(error as Error, undefined as never),
    );
  }
}

class GuardedTlsAgent extends HttpsAgent {
  readonly #connect: Connect;
  constructor(connect: Connect, options: ConstructorParameters<typeof HttpsAgent>[0]) {
    super(options);
    this.#connect = connect;
  }

  override createConnection(
    options: ConnectionOptions & { readonly path?: string | null },
    callback?: Created,
  ): undefined {
    const { path: _path, host, port, ...tls } = options;
    this.#connect(host ?? '', port ?? 443).then(
      (socket) => callback?.(null, connectTls({ ...tls, host: host ?? '', socket })),
      (error: unknown) => callback?.(error as Error, undefined as never),
    );
  }
}

function connectGuarded(
  host: string,
  port: number,
  lookup: LookupFunction,
  isAllowed: (address: string) => boolean,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // No name, so nothing is looked up.
    if (isIP(host) !== 0 && !isAllowed(host)) {
      reject(new AddressRefused());
      return;
    }
    const socket = connectTcp({ host, port, lookup, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      if (socket.remoteAddress !== undefined && isAllowed(socket.remoteAddress)) {
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new AddressRefused());
    });
  });
}

/** A lookup for Node's sockets that gives none but allowed addresses. */
function guarded(
  lookup: NonNullable<GuardOptions['lookup']>,
  isAllowed: (address: string) => boolean,
): LookupFunction {
  return (host, { all }, callback) => {
    lookup(host).then(
      (found) => {
        const addresses = found.filter(({ address }) => isAllowed(address));
        const [first] = addresses;
        if (first === undefined)
          callback(found.length === 0 ? new Error('no address') : new AddressRefused(), '');
        else if (all === true) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as Error, ''),
    );
  };
}

function machineLookup(host: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookupAddresses(host, { all: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses);
    });
  });
}
