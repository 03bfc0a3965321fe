import { connect } from 'node:net';
import type { Socket } from 'node:net';

/**
 * Opens the connection to a mail server, which closes as soon as a signal aborts: the transport closes only what it keeps
 * for later mails, and would wait for an answer until its own deadline.
 *
 * @throws Error whose message may name the address
 */
export async function openSocket(
  { host, port, deadlineMs }: { readonly host: string; readonly port: number; readonly deadlineMs: number },
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connect({ host, port, signal });
  const timer = setTimeout(() => socket.destroy(new Error('no connection in time')), deadlineMs);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  } finally {
    clearTimeout(timer);
  }
  return socket;
}
