import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A running payment service. */
export interface PaymentService {
  readonly url: string;
  /** The payments that were released, once for each time. */
  readonly released: readonly string[];
  /** How the next releases go wrong: with a status, before the money has left or after. */
  fail(...faults: { readonly status: number; readonly released?: boolean }[]): void;
  stop(): Promise<void>;
}

/** A small HTTP service in place of one of yours: payments that are held until they are released. */
export async function startPaymentService(payees: Readonly<Record<string, string>>): Promise<PaymentService> {
  const payments = new Map(Object.entries(payees).map(([id, payee]) => [id, { payee, state: 'held' }]));
  const released: string[] = [];
  const faults: { readonly status: number; readonly released?: boolean }[] = [];
  const server = createServer((req, res) => {
    const [, , id = '', action] = (req.url ?? '').split('/');
    const payment = payments.get(id);
    const isRelease = payment !== undefined && req.method === 'POST' && action === 'release';
    const fails = isRelease ? faults.shift() : undefined;
    if (isRelease && (fails === undefined || fails.released === true)) {
      payment.state = 'released';
      released.push(id);
    }
    const status = fails?.status ?? (payment ? 200 : 404);
    res.writeHead(status, { 'content-type': 'application/json', 'x-request-id': randomUUID() });
    res.end(JSON.stringify(isRelease ? { receipt: `receipt of ${id}` } : (payment ?? {})));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    released,
    fail: (...more) => void faults.push(...more),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
