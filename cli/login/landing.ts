import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CountersignError } from '../../domain/error.ts';

const path = '/callback';

/** Where the browser comes back to after a login (RFC 8252 §7.3). */
export interface Landing {
  readonly redirectUri: string;
  /**
   * The address that the browser comes back with.
   * @throws CountersignError `unauthenticated` when it does not come in time
   */
  reached(patienceMs: number): Promise<URL>;
  /** Tells the person in the browser how it ended, which is known only now; and stops listening. */
  close(loggedIn: boolean): Promise<void>;
}

/**
 * Listens on loopback, for one answer with this `state`. What comes with another one, or without, is refused and ends nothing:
 * other programs, and pages in the browser, can reach the port, too.
 *
 * @param port - null: any free one
 * @throws CountersignError `invalid_configuration` when the port is in use
 */
export async function openLanding(port: number | null, state: string): Promise<Landing> {
  let arrived: (address: URL) => void = () => undefined;
  const arrival = new Promise<URL>((resolve) => {
    arrived = resolve;
  });
  let waiting: ServerResponse | null = null;
  const server = createServer((req, res) => {
    res.setHeader('connection', 'close');
    const address = URL.parse(req.url ?? '', redirectUri);
    // A page of elsewhere could reach loopback under a name of its own.
    const isHere = req.headers.host === new URL(redirectUri).host;
    if (!isHere || address === null || `${address.origin}${address.pathname}` !== redirectUri)
      void say(res, 404, pages.elsewhere);
    else if (req.method !== 'GET') void say(res, 405, pages.elsewhere);
    else if (waiting !== null || address.searchParams.getAll('state').join(' ') !== state)
      void say(res, 400, pages.unexpected);
    else {
      waiting = res;
      arrived(address);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port ?? 0, '127.0.0.1', resolve);
  }).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new CountersignError(
      'invalid_configuration',
      `port ${port} is in use: name another one by --port`,
      { cause },
    );
  });
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return {
    redirectUri,
    async reached(patienceMs) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        late.reject(
          new CountersignError('unauthenticated', 'nobody has logged in: no answer came back in time'),
        );
      }, patienceMs);
      return Promise.race([arrival, late.promise]).finally(() => clearTimeout(timer));
    },
    async close(loggedIn) {
      const closed = new Promise((resolve) => server.close(resolve));
      if (waiting !== null) await say(waiting, loggedIn ? 200 : 400, loggedIn ? pages.done : pages.failed);
      server.closeAllConnections();
      await closed;
    },
  };
}

const pages = {
  done: 'You are logged in. The command line goes on; this page can be closed.',
  failed: 'You are not logged in. The command line says why; this page can be closed.',
  unexpected: 'No login is waiting for this answer.',
  elsewhere: 'There is nothing at this address.',
};

function say(res: ServerResponse, status: number, text: string): Promise<void> {
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
  const page = `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Countersign</title>\n<p>${text}</p>\n</html>\n`;
  return new Promise((resolve) => {
    // The browser may be gone.
    res.once('close', resolve);
    res.end(page);
  });
}
