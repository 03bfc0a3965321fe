import type { Agent } from 'node:http';
import { WebSocket } from 'ws';
import type { RawData } from 'ws';
import { RemoteError } from '../remote-error.ts';

/** An open WebSocket. */
export interface Connection {
  /** Sends a text; what a connection that is closing cannot send any more is lost. */
  send(text: string): void;
  close(): void;
  /** Resolves once it is closed, whoever closed it. */
  readonly closed: Promise<void>;
}

const handshakeMs = 10_000;
const longestText = 1_048_576;
/** So many pings without any life on the connection, and it counts as lost. */
const mostUnanswered = 2;

/**
 * Opens a WebSocket, and keeps it alive with pings.
 *
 * @param address - it has a ticket in it, and stands in no error
 * @param pingEveryMs - a connection on which nothing comes for about three times as long is closed
 * @throws RemoteError `unreachable`
 */
export async function connect(
  address: URL,
  {
    agent,
    onText,
    pingEveryMs,
  }: {
    readonly agent: Agent | undefined;
    readonly onText: (text: string, connection: Connection) => void;
    readonly pingEveryMs: number;
  },
): Promise<Connection> {
  const socket = new WebSocket(address, {
    handshakeTimeout: handshakeMs,
    maxPayload: longestText,
    perMessageDeflate: false,
    followRedirects: false,
    ...(agent ? { agent } : {}),
  });
  let unanswered = 0;
  const isAlive = () => {
    unanswered = 0;
  };
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  const connection: Connection = {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.terminate(),
    closed,
  };
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('open', () => resolve());
    // Its message may have the address in it. After the opening, `close` follows.
    socket.on('error', () => reject(new RemoteError('unreachable', "DingTalk's Stream did not open")));
  });
  socket.on('ping', isAlive);
  socket.on('pong', isAlive);
  socket.on('message', (data, isBinary) => {
    isAlive();
    if (!isBinary) onText(textOf(data), connection);
  });
  await opened;
  const timer = setInterval(() => {
    if (unanswered >= mostUnanswered) socket.terminate();
    unanswered += 1;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingEveryMs);
  void closed.then(() => clearInterval(timer));
  return connection;
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString('utf8');
}
