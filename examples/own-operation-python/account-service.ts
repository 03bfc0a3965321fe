import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An account of the service. */
export interface Account {
  readonly owner: string;
  readonly balance: number;
  readonly state: 'open' | 'closed';
}

/** How the next closure goes wrong: with a status, or without any answer, before the account is closed or after. */
export interface ClosureFault {
  readonly status: number | 'hang';
  readonly closed?: boolean;
}

/** A running account service. */
export interface AccountService {
  readonly url: string;
  /** By region and name: `eu/A-1`. */
  readonly accounts: Map<string, Account>;
  /** The accounts that were closed, once for each time. */
  readonly closed: readonly string[];
  /** Closures that were asked for, whatever came of them. */
  readonly asked: readonly string[];
  fail(...faults: ClosureFault[]): void;
  stop(): Promise<void>;
}

/** A small HTTP service in place of one of yours: accounts that can be closed. */
export async function startAccountService(given: Readonly<Record<string, Account>>): Promise<AccountService> {
  const accounts = new Map(Object.entries(given));
  const [closed, asked]: [string[], string[]] = [[], []];
  const faults: ClosureFault[] = [];
  const server = createServer((req, res) => {
    const [, , region = '', name = '', action] = (req.url ?? '').split('/');
    const key = `${region}/${name}`;
    const account = accounts.get(key);
    const closes = account !== undefined && req.method === 'POST' && action === 'closure';
    const fault = closes ? faults.shift() : undefined;
    if (closes) asked.push(key);
    if (closes && (fault === undefined || fault.closed === true)) {
      accounts.set(key, { ...account, state: 'closed' });
      closed.push(key);
    }
    if (fault?.status === 'hang') return;
    const status = fault?.status ?? (account ? 200 : 404);
    res.writeHead(status, { 'content-type': 'application/json', 'x-request-id': randomUUID() });
    res.end(JSON.stringify(closes ? { receipt: `receipt of ${key}` } : (account ?? {})));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ accounts, closed, asked },
    fail: (...more) => void faults.push(...more),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
