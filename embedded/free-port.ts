import { createServer } from 'node:net';

/** Listens for a moment on 127.0.0.1; resolves to the port got, or to null when it is taken. */
function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null);
      else reject(error);
    });
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}

/**
 * A TCP port of 127.0.0.1 that was free a moment ago. Another process may still take it before it is used, so
 * callers that start a server on it must cope with "address in use".
 *
 * @param preferred - the port to return if it is free; otherwise, or when absent, the system picks one.
 */
export async function freePort(preferred?: number): Promise<number> {
  const wished = preferred === undefined ? null : await tryPort(preferred);
  const port = wished ?? (await tryPort(0));
  if (port === null)
    throw new Error('No free TCP port on 127.0.0.1: close some listening programs and try again.');
  return port;
}
