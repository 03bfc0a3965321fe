import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../client/index.ts';

/* What stands between a program and the API answers in its place, or cuts it off. */

async function clientBefore(...answers: RequestListener[]) {
  const left = [...answers];
  const server = createServer((request, response) => {
    const answer = left.length > 1 ? left.shift() : left[0];
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return createClient({ url: `http://127.0.0.1:${port}`, token: 't' });
}

const page =
  (status: number): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Sorry</h1>');
  };
const ended: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: 'one', closedAt: '2026-11-24T09:00:00.000Z' }));
};
const cut: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
  response.write('{"id":');
  setTimeout(() => response.destroy(), 20);
};
const hanging: RequestListener = () => undefined;

test.each<[string, RequestListener, string]>([
  ['502', page(502), 'engine_unavailable'],
  ['503', page(503), 'engine_unavailable'],
  ['504', page(504), 'engine_unavailable'],
  ['429', page(429), 'rate_limited'],
  ['500', page(500), 'internal_error'],
  ['a page in place of JSON', page(200), 'internal_error'],
  ['an answer that is cut short', cut, 'engine_unavailable'],
  [
    'a refusal that is null',
    (_request, response) => response.writeHead(503).end('null'),
    'engine_unavailable',
  ],
])('%s has a code', async (_what, answer, code) => {
  const client = await clientBefore(answer);
  await expect(client.change('one')).rejects.toMatchObject({ name: 'CountersignError', code });
});

test('the waiting goes on after a gateway’s page, and after an answer that was cut short', async () => {
  const client = await clientBefore(page(502), ended);
  expect(await client.waitForEnd('one')).toMatchObject({ id: 'one' });
  const another = await clientBefore(cut, ended);
  expect(await another.waitForEnd('one')).toMatchObject({ id: 'one' });
}, 20_000);

test('the signal ends a request that hangs, with its reason', async () => {
  const client = await clientBefore(hanging);
  const why = new Error('not today');
  await expect(client.waitForEnd('one', abortedSoon(why))).rejects.toBe(why);
}, 5000);

test('the signal ends an answer that does not go on, and the time between two questions', async () => {
  const halting: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{');
  };
  for (const answer of [halting, page(503)]) {
    const client = await clientBefore(answer);
    const why = new Error('not today');
    await expect(client.waitForEnd('one', abortedSoon(why))).rejects.toBe(why);
  }
}, 5000);

function abortedSoon(why: Error): AbortSignal {
  const stop = new AbortController();
  setTimeout(() => {
    stop.abort(why);
  }, 100);
  return stop.signal;
}
