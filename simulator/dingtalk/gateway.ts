import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { apiError, membersOf } from './access.ts';

/** What a client answered to a push. */
export interface PushAnswer {
  readonly code: number;
  readonly message: string;
  /** JSON. */
  readonly data: string;
}

interface Connection {
  readonly id: string;
  readonly clientId: string;
  readonly topics: readonly string[];
  readonly socket: WebSocket;
}

const ticketMs = 90_000;

/** The Stream gateway: tickets, and WebSockets over which it pushes. */
export function makeGateway({
  appOf,
  answerMs,
  secure,
}: {
  readonly appOf: (clientId: unknown, secret: unknown) => string | null;
  readonly answerMs: number;
  /** Whether it speaks TLS. */
  readonly secure: boolean;
}) {
  const tickets = new Map<string, { clientId: string; topics: readonly string[]; until: number }>();
  const connections = new Set<Connection>();
  const waiting = new Map<string, (answer: PushAnswer) => void>();
  const server = new WebSocketServer({ noServer: true });

  function listen(connection: Connection): void {
    connections.add(connection);
    connection.socket.on('error', () => connection.socket.terminate());
    connection.socket.on('close', () => connections.delete(connection));
    connection.socket.on('message', (raw) => {
      const told = membersOf({ body: raw as Buffer });
      const { messageId } = (told['headers'] ?? {}) as Record<string, unknown>;
      const resolve = waiting.get(String(messageId));
      waiting.delete(String(messageId));
      const { code, message, data } = told;
      resolve?.({ code: Number(code), message: String(message), data: typeof data === 'string' ? data : '' });
    });
  }

  /** Pushes a frame, and waits for the answer; null: none came in time, or nobody was there. */
  async function push(
    { socket, clientId, id }: Connection,
    type: 'SYSTEM' | 'CALLBACK',
    topic: string,
    data: unknown,
    messageId: string = randomUUID(),
  ): Promise<PushAnswer | null> {
    const answered = new Promise<PushAnswer | null>((resolve) => {
      const timer = setTimeout(() => {
        waiting.delete(messageId);
        resolve(null);
      }, answerMs);
      waiting.set(messageId, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
    const headers = {
      appId: clientId,
      connectionId: id,
      contentType: 'application/json',
      messageId,
      time: String(Date.now()),
      topic,
    };
    socket.send(JSON.stringify({ specVersion: '1.0', type, headers, data: JSON.stringify(data) }));
    return await answered;
  }

  return {
    connections: () => connections.size,

    /** `POST /v1.0/gateway/connections/open`. */
    open(incoming: Incoming): Answer {
      const { clientId, clientSecret, subscriptions } = membersOf(incoming);
      const app = appOf(clientId, clientSecret);
      if (app === null) return apiError(401, 'authFailed', 'client id or secret is wrong');
      const topics = (Array.isArray(subscriptions) ? subscriptions : []).flatMap((one: unknown) => {
        const { type, topic } = (one ?? {}) as Record<string, unknown>;
        return type === 'CALLBACK' && typeof topic === 'string' ? [topic] : [];
      });
      const ticket = randomUUID();
      tickets.set(ticket, { clientId: app, topics, until: Date.now() + ticketMs });
      const endpoint = `${secure ? 'wss' : 'ws'}://${incoming.headers.host ?? '127.0.0.1'}/connect`;
      return jsonAnswer({ endpoint, ticket });
    },

    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://local');
      const name = searchParams.get('ticket') ?? '';
      const ticket = tickets.get(name);
      // A ticket is good once, and for 90 s.
      tickets.delete(name);
      if (pathname !== '/connect' || ticket === undefined || ticket.until < Date.now()) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
        return;
      }
      const { clientId, topics } = ticket;
      server.handleUpgrade(request, socket, head, (webSocket) => {
        listen({ id: randomUUID(), clientId, topics, socket: webSocket });
      });
    },

    /** Pushes to any one connection of an app that wants the topic; null: see `push`. */
    async callback(
      clientId: string,
      topic: string,
      data: unknown,
      messageId?: string,
    ): Promise<PushAnswer | null> {
      const able = [...connections].filter((one) => one.clientId === clientId && one.topics.includes(topic));
      const one = able[Math.floor(Math.random() * able.length)];
      return one === undefined ? null : await push(one, 'CALLBACK', topic, data, messageId);
    },

    /** Asks each connection whether it lives. */
    async ping(): Promise<(PushAnswer | null)[]> {
      return await Promise.all(
        [...connections].map((one) => push(one, 'SYSTEM', 'ping', { opaque: randomUUID() })),
      );
    },

    /** Says that it will close each connection, and does so after a while; or closes them at once. */
    disconnect(afterMs: number | null): number {
      const all = [...connections];
      for (const { socket } of all) {
        if (afterMs === null) {
          socket.terminate();
          continue;
        }
        const headers = { topic: 'disconnect', contentType: 'application/json', messageId: randomUUID() };
        const data = JSON.stringify({ reason: 'connection is expired' });
        socket.send(JSON.stringify({ specVersion: '1.0', type: 'SYSTEM', headers, data }));
        setTimeout(() => socket.close(), afterMs).unref();
      }
      return all.length;
    },

    close(): void {
      for (const { socket } of connections) socket.terminate();
      server.close();
    },
  };
}
