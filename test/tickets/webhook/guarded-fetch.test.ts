import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeGuardedFetch } from '../../../tickets/webhook/guarded-fetch.ts';
import type { GuardedFetch } from '../../../tickets/webhook/guarded-fetch.ts';

const loopback = ['127.0.0.0/8'];
const servers: Server[] = [];
let tls: { key: string; cert: string };
let plain: string;
let secure: string;
/** Paths that came, and connections that were made, whatever came of them. */
let came: string[] = [];
let connections = 0;

beforeAll(async () => {
  const read = (name: string) => readFile(join(import.meta.dirname, '..', '..', 'support', name), 'utf8');
  tls = { key: await read('elsewhere-key.pem'), cert: await read('elsewhere-certificate.pem') };
  plain = `http://127.0.0.1:${await listen(createServer(answer))}`;
  secure = `https://127.0.0.1:${await listen(createTlsServer(tls, answer))}`;
});
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
beforeEach(() => {
  came = [];
  connections = 0;
});

const answer: Parameters<typeof createServer>[1] = (req, res) => {
  came.push(req.url ?? '');
  if (req.url === '/elsewhere') res.writeHead(302, { location: `${plain}/inside` }).end();
  else if (req.url === '/later') res.writeHead(429, { 'retry-after': '7' }).end('no');
  else if (req.url?.startsWith('/never')) return;
  else res.writeHead(204).end();
};

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function post(fetch: GuardedFetch, url: string, signal = AbortSignal.timeout(20_000)) {
  return fetch(url, { headers: { 'content-type': 'application/json' }, body: '{"é":1}', signal });
}

test('an address of this machine is reached only where a range names it', async () => {
  await expect(post(makeGuardedFetch(), `${plain}/x`)).rejects.toMatchObject({ fault: 'unreachable' });
  expect(connections).toBe(0);
  expect(await post(makeGuardedFetch({ allowNetworks: loopback }), `${plain}/x`)).toEqual({
    status: 204,
    retryAfter: null,
  });
});

test('so it is under TLS', async () => {
  await expect(post(makeGuardedFetch({ ca: tls.cert }), `${secure}/x`)).rejects.toMatchObject({
    fault: 'unreachable',
  });
  expect(connections).toBe(0);
  const named = `https://hooks.example:${new URL(secure).port}/x`;
  const lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  await expect(post(makeGuardedFetch({ ca: tls.cert, lookup }), named)).rejects.toMatchObject({
    fault: 'unreachable',
  });
  expect(connections).toBe(0);
  const { status } = await post(makeGuardedFetch({ allowNetworks: loopback, ca: tls.cert, lookup }), named);
  expect([status, came]).toEqual([204, ['/x']]);
});

test('a certificate of somebody else is refused', async () => {
  await expect(post(makeGuardedFetch({ allowNetworks: loopback }), `${secure}/x`)).rejects.toMatchObject({
    fault: 'unreachable',
  });
  expect(came).toEqual([]);
});

test.each(['http', 'https'])(
  'a name that leads elsewhere from one moment to the next (%s)',
  async (scheme) => {
    const { port } = new URL(scheme === 'http' ? plain : secure);
    const asked: string[] = [];
    // The first answer is what a check beforehand would see.
    const answers = ['203.0.114.1', '127.0.0.1', '::ffff:127.0.0.1', '100.100.100.200', '::1'];
    const fetch = makeGuardedFetch({
      ca: tls.cert,
      lookup: (host) => {
        asked.push(host);
        const address = answers[asked.length] ?? '::1';
        return Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]);
      },
    });
    for (let n = 1; n < answers.length; n++) {
      await expect(post(fetch, `${scheme}://hooks.example.com:${port}/x`)).rejects.toMatchObject({
        fault: 'unreachable',
        message: 'its address is in a range that is not allowed',
      });
    }
    expect(asked).toHaveLength(answers.length - 1);
    expect(connections).toBe(0);
  },
);

test('of several addresses only the allowed ones are tried', async () => {
  const { port } = new URL(plain);
  const fetch = makeGuardedFetch({
    allowNetworks: ['127.0.0.1/32'],
    lookup: () =>
      Promise.resolve([
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]),
  });
  expect((await post(fetch, `http://hooks.example.com:${port}/x`)).status).toBe(204);
});

test('an address that is written in another way is the same one', async () => {
  const { port } = new URL(plain);
  for (const host of ['2130706433', '0x7f.1', '127.1', '[::ffff:127.0.0.1]', 'localhost', '0']) {
    await expect(post(makeGuardedFetch(), `http://${host}:${port}/x`)).rejects.toMatchObject({
      fault: 'unreachable',
    });
  }
  expect(connections).toBe(0);
});

test('a redirect is an answer, and is not followed', async () => {
  const { status } = await post(makeGuardedFetch({ allowNetworks: loopback }), `${plain}/elsewhere`);
  expect([status, came]).toEqual([302, ['/elsewhere']]);
});

test('what the receiver wants of the next try is told', async () => {
  const { status, retryAfter } = await post(makeGuardedFetch({ allowNetworks: loopback }), `${plain}/later`);
  expect([status, retryAfter]).toEqual([429, '7']);
});

test('no answer in time', async () => {
  const fetch = makeGuardedFetch({ allowNetworks: loopback });
  await expect(post(fetch, `${plain}/never?token=secret`, AbortSignal.timeout(300))).rejects.toMatchObject({
    fault: 'unreachable',
    message: 'no answer in time',
  });
});

test('messages to one receiver share a connection', async () => {
  const fetch = makeGuardedFetch({ allowNetworks: loopback });
  for (let n = 0; n < 5; n++) await post(fetch, `${plain}/x`);
  expect([came.length, connections]).toEqual([5, 1]);
});
