import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A running licence service. */
export interface LicenceService {
  readonly url: string;
  /** Each request, such as `POST /licences/L-1/revocation`, with the status of its answer. */
  readonly requests: readonly { readonly request: string; readonly status: number; readonly id: string }[];
  /** The statuses of the next answers to POST, which then do nothing. */
  fail(...statuses: number[]): void;
  stop(): Promise<void>;
}

/** A small HTTP service with a privileged call, in place of one of yours: licences and their holders. */
export async function startLicenceService(
  holders: Readonly<Record<string, string>>,
): Promise<LicenceService> {
  const licences = new Map(
    Object.entries(holders).map(([licence, holder]) => [licence, { holder, state: 'granted' }]),
  );
  const requests: { request: string; status: number; id: string }[] = [];
  const failing: number[] = [];
  const server = createServer((req, res) => {
    const [, , licence = '', action] = (req.url ?? '').split('/');
    const found = licences.get(licence);
    const isRevocation = req.method === 'POST' && action === 'revocation';
    const status = (isRevocation ? failing.shift() : undefined) ?? (found ? 200 : 404);
    if (isRevocation && status === 200 && found) found.state = 'revoked';
    const id = randomUUID();
    requests.push({ request: `${req.method} ${req.url}`, status, id });
    res.writeHead(status, { 'content-type': 'application/json', 'x-request-id': id });
    res.end(JSON.stringify(status === 200 ? found : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fail: (...statuses) => void failing.push(...statuses),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
