import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * A proxy of a test's own: it counts what it is asked for, and leads every host to a port of this machine.
 *
 * @param port - where tunnels lead to
 * @param answer - the status of CONNECT, or null for none at all
 */
export async function startProxy(port: number, answer: number | null = 200) {
  const tunnels: string[] = [];
  const forwarded: string[] = [];
  const logins: (string | undefined)[] = [];
  const sent: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((req, res) => {
    forwarded.push(`${req.method ?? ''} ${req.url ?? ''}`);
    logins.push(req.headers['proxy-authorization']);
    res.end('forwarded');
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('connect', (req, socket) => {
    tunnels.push(req.url ?? '');
    logins.push(req.headers['proxy-authorization']);
    if (answer === null) return;
    if (answer !== 200) {
      socket.end(`HTTP/1.1 ${answer} No\r\ncontent-length: 7\r\n\r\n<html/>`);
      return;
    }
    const target = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.on('data', (chunk: Buffer) => sent.push(chunk));
      socket.pipe(target).pipe(socket);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What was asked for: `host:port` of each tunnel. */
    tunnels,
    /** What was asked of the proxy itself, in the clear. */
    forwarded,
    logins,
    /** What went into the tunnels. */
    sent: () => Buffer.concat(sent),
  };
}
