import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { freePort } from '../../embedded/free-port.ts';
import { draft } from '../audit/entry-fixture.ts';
import { replicaOfTest } from '../api/api-stack.ts';
import { eventually } from '../support/service.ts';
import { personAt, startConsoleStack } from './console-stack.ts';
import type { ConsoleStack, PersonHere } from './console-stack.ts';

let stack: ConsoleStack;

beforeAll(async () => {
  stack = await startConsoleStack();
});

afterAll(() => stack.stop());

/** Something in the API's place; what it was sent. */
async function standIn(answer: RequestListener) {
  const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { method = '', url = '', headers } = req;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      answer(req, res);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function loggedIn(user: string, otherwise: Parameters<ConsoleStack['replica']>[0] = {}) {
  const person = personAt(stack, await stack.replica(otherwise));
  await person.login(user);
  return person;
}

test('a person reads and asks with their own token, which the browser never sees', async () => {
  const person = await loggedIn('alice');
  const change = await stack.stored();
  const { status, body, text } = await person.api(`/api/v1/changes/${change.id}`);
  expect({ status, body }).toMatchObject({ status: 200, body: { id: change.id } });
  expect(text).not.toContain('eyJ');
  const { body: listed } = await person.api('/api/v1/changes?limit=100');
  expect(listed.items).toContainEqual(expect.objectContaining({ id: change.id }));
  const auditor = await loggedIn('dave');
  expect((await auditor.api('/api/v1/audit/entries')).status).toBe(200);
  expect((await person.api('/api/v1/audit/entries')).body.code).toBe('missing_role');
});

test('without a session nothing is forwarded', async () => {
  const { apiUrl, seen } = await standIn((_req, res) => res.end());
  const person = personAt(stack, await stack.replica({ apiUrl }));
  expect(await person.api('/api/v1/operations')).toMatchObject({
    status: 401,
    body: { code: 'unauthenticated' },
  });
  expect(seen).toEqual([]);
});

test.each([
  ['POST', '/api/v1/tokens'],
  ['GET', '/api/v1/subscriptions'],
  ['GET', '/api/metrics'],
  ['GET', '/api/openapi.json'],
  ['GET', '/api/v1//changes'],
  ['GET', '/api//v1/changes'],
  ['GET', '/api/v1/%63hanges'],
  ['GET', '/api/v1/changes/%2e%2e/tokens'],
  ['GET', '/api/v1/changes/'],
  ['GET', '/api/v1/changes/x%2f..%2f..%2ftokens'],
  ['GET', '/api/V1/changes'],
  ['PATCH', '/api/v1/changes'],
  ['HEAD', '/api/v1/changes'],
  ['GET', '/api'],
  ['GET', '/api/'],
])('%s %s is none of the calls', async (method, path) => {
  const { apiUrl, seen } = await standIn((_req, res) => res.end());
  const person = await loggedIn('adam', { apiUrl });
  const answer = await person.ask(path, { method, headers: { 'x-countersign': '1' } });
  expect(answer.status).toBe(404);
  expect(seen).toEqual([]);
});

test.each([
  ['/api/v1/freezes/x\\..\\..\\tokens', 404],
  ['/api/v1/freezes/x\\..\\..\\..\\metrics', 404],
  ['/api/v1/changes/x\\y', 404],
  ['/api/v1/changes/%2e%2e/tokens', 404],
  ['/api/v1/changes/../tokens', 404],
  ['http://elsewhere.example/api/v1/me', 421],
  ['m://elsewhere.example/api/v1/me', 421],
])('what a URL would read as another address than %s is not asked for', async (path, status) => {
  const { apiUrl, seen } = await standIn((_req, res) => res.end());
  const person = await loggedIn('adam', { apiUrl });
  const [answer] = (await once(asked(person, path), 'response')) as [IncomingMessage];
  answer.resume();
  expect(answer.statusCode).toBe(status);
  expect(seen).toEqual([]);
});

test('the body of a GET is not passed on', async () => {
  const { apiUrl, seen } = await standIn((_req, res) => res.end('{}'));
  const person = await loggedIn('bob', { apiUrl });
  expect((await person.ask('/api/v1/me', { body: '{}' })).status).toBe(200);
  expect(seen).toMatchObject([{ method: 'GET', url: '/v1/me', body: '' }]);
});

test('of a request the API is told what it needs, the person’s address, and nothing else', async () => {
  const { apiUrl, seen } = await standIn((_req, res) => res.end('{}'));
  const person = await loggedIn('bob', { apiUrl, trustProxy: 1 });
  await person.api('/api/v1/changes?limit=1', {
    json: { a: 'ü' },
    headers: {
      'x-forwarded-for': '198.51.100.1, 203.0.113.7',
      'x-forwarded-host': 'elsewhere.example',
      'idempotency-key': 'k-1',
      authorization: 'Bearer mine',
      'x-anything': 'x',
    },
  });
  const [{ method, url, headers, body } = { method: '', url: '', headers: {}, body: '' }] = seen;
  expect({ method, url, body }).toEqual({ method: 'POST', url: '/v1/changes?limit=1', body: '{"a":"ü"}' });
  expect(headers).toMatchObject({
    host: new URL(apiUrl).host,
    'content-type': 'application/json',
    'idempotency-key': 'k-1',
    'x-forwarded-for': '203.0.113.7',
  });
  expect(headers.authorization).toMatch(/^Bearer eyJ/);
  for (const name of ['cookie', 'x-anything', 'x-forwarded-host', 'origin', 'x-countersign']) {
    expect(headers).not.toHaveProperty(name);
  }
  // Without a proxy in front nobody is believed.
  const direct = await loggedIn('bob', { apiUrl });
  await direct.api('/api/v1/changes', { headers: { 'x-forwarded-for': '203.0.113.7' } });
  expect(seen[1]?.headers['x-forwarded-for']).toBe('127.0.0.1');
});

test('of an answer the browser is told no cookie, no policy and no place that the API names', async () => {
  const { apiUrl } = await standIn((_req, res) => {
    res.writeHead(201, {
      'set-cookie': `${stack.cookies.session}=${'A'.repeat(43)}; Path=/`,
      'content-security-policy': 'default-src *',
      'access-control-allow-origin': '*',
      'clear-site-data': '"cookies"',
      location: '/v1/changes/an-id',
      refresh: '0; url=https://elsewhere.example',
      'content-type': 'application/json',
      'retry-after': '5',
    });
    res.end('{"done":true}');
  });
  const person = await loggedIn('bob', { apiUrl });
  const before = person.cookie(stack.cookies.session);
  const { status, headers, body } = await person.api('/api/v1/changes', { json: {} });
  expect({ status, body }).toEqual({ status: 201, body: { done: true } });
  expect(headers).toMatchObject({ location: '/api/v1/changes/an-id', 'retry-after': '5' });
  for (const name of ['set-cookie', 'access-control-allow-origin', 'clear-site-data', 'refresh']) {
    expect(headers).not.toHaveProperty(name);
  }
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(person.cookie(stack.cookies.session)).toBe(before);
});

test('the token goes to no other host, wherever the API leads', async () => {
  const { apiUrl: elsewhere, seen } = await standIn((_req, res) => res.end());
  const { apiUrl } = await standIn((_req, res) =>
    res.writeHead(307, { location: `${elsewhere}/v1/me` }).end(),
  );
  const person = await loggedIn('bob', { apiUrl });
  expect((await person.api('/api/v1/operations')).body.code).toBe('api_unavailable');
  expect(seen).toEqual([]);
});

test('an API that is away took nothing; of one that breaks off it is not known whether it did', async () => {
  const { apiUrl: breaks } = await standIn((req) => req.socket.destroy());
  const person = await loggedIn('bob', { apiUrl: breaks });
  const told = { status: 503, body: { code: 'api_unavailable' } };
  expect(await person.api('/api/v1/operations')).toMatchObject(told);
  expect(await person.api('/api/v1/changes', { json: {} })).toMatchObject({
    status: 503,
    body: { code: 'outcome_not_known' },
  });
  const nobody = await loggedIn('bob', { apiUrl: `http://127.0.0.1:${await freePort()}` });
  expect(await nobody.api('/api/v1/operations')).toMatchObject(told);
  expect(await nobody.api('/api/v1/changes', { json: {} })).toMatchObject(told);
});

test('a body is JSON of at most 64 KiB', async () => {
  const { apiUrl, seen } = await standIn((_req, res) => res.end('{}'));
  const person = await loggedIn('bob', { apiUrl });
  const long = await person.api('/api/v1/changes', { json: { a: 'x'.repeat(65_536) } });
  expect(long).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  const form = await person.api('/api/v1/changes', {
    body: 'a=b',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(form).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  expect(seen).toEqual([]);
});

test.each([
  ['another site', { site: 'cross-site' }],
  ['a browser that does not say from where', { site: null }],
  ['another origin', { headers: { origin: 'https://elsewhere.example' } }],
] as const)('a request of %s is refused before anything is asked', async (_what, asked) => {
  const { apiUrl, seen } = await standIn((_req, res) => res.end());
  const person = await loggedIn('bob', { apiUrl });
  expect(await person.api('/api/v1/changes', asked)).toMatchObject({
    status: 403,
    body: { code: 'forbidden' },
  });
  expect(await person.api('/api/v1/changes', { json: {}, ...asked })).toMatchObject({ status: 403 });
  const unmarked = await person.ask('/api/v1/changes', {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  expect(unmarked.status).toBe(403);
  expect(seen).toEqual([]);
});

/** The live entries of a change, as the page reads them. */
async function stream(person: PersonHere, path: string, headers: Record<string, string> = {}) {
  const sent = request({
    host: '127.0.0.1',
    port: person.port,
    path,
    agent: false,
    headers: {
      host: stack.url.host,
      'sec-fetch-site': 'same-origin',
      accept: 'text/event-stream',
      cookie: `${stack.cookies.session}=${person.cookie(stack.cookies.session) ?? ''}`,
      ...headers,
    },
  });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  answer.setEncoding('utf8');
  answer.on('data', (chunk: string) => (text += chunk));
  answer.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => answer.once('close', resolve));
  onTestFinished(() => void sent.destroy());
  return { answer, ended, text: () => text, leave: () => sent.destroy() };
}

test('a change’s entries come live, one by one, and go on where they were left', async () => {
  const person = await loggedIn('dave');
  const change = await stack.stored();
  const first = draft('change.requested', { changeId: change.id });
  const second = draft('change.prechecked', { changeId: change.id });
  await appendEntry(stack.worker, first);
  const path = `/api/v1/changes/${change.id}/events`;
  const live = await stream(person, path);
  expect(live.answer.headers['content-type']).toContain('text/event-stream');
  expect(live.answer.headers['cache-control']).toContain('no-');
  await eventually(() => Promise.resolve(live.text().includes(first.key) || null));
  // It is open, and the next one comes by it.
  await appendEntry(stack.worker, second);
  await eventually(() => Promise.resolve(live.text().includes(second.key) || null));
  const last = [...live.text().matchAll(/^id: ?(\d+)$/gm)][0]?.[1] ?? '';
  live.leave();
  const again = await stream(person, path, { 'last-event-id': last });
  await eventually(() => Promise.resolve(again.text().includes(second.key) || null));
  expect(again.text()).not.toContain(first.key);
});

test('when the browser leaves, the API is left, too', async () => {
  const left = Promise.withResolvers<true>();
  const { apiUrl } = await standIn((_req, res) => {
    res.once('close', () => left.resolve(true));
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: x\n\n');
  });
  const person = await loggedIn('dave', { apiUrl });
  const live = await stream(person, '/api/v1/changes/x/events');
  await eventually(() => Promise.resolve(live.text().includes('data: x') || null));
  live.leave();
  await left.promise;
});

/** A request whose answer nobody waits for. */
function asked(person: PersonHere, path: string) {
  const sent = request({
    host: '127.0.0.1',
    port: person.port,
    path,
    agent: false,
    headers: {
      host: stack.url.host,
      'sec-fetch-site': 'same-origin',
      cookie: `${stack.cookies.session}=${person.cookie(stack.cookies.session) ?? ''}`,
    },
  });
  sent.on('error', () => undefined);
  sent.end();
  return sent;
}

test('who leaves before the answer has begun leaves the API, too', async () => {
  const left = Promise.withResolvers<true>();
  const { apiUrl, seen } = await standIn((_req, res) => void res.once('close', () => left.resolve(true)));
  const person = await loggedIn('dave', { apiUrl });
  const sent = asked(person, '/api/v1/operations');
  await eventually(() => Promise.resolve(seen.length > 0 || null));
  sent.destroy();
  await left.promise;
});

test('for who leaves while the session is looked up, nothing is asked and nothing stays open', async () => {
  const { apiUrl, seen } = await standIn((req, res) => {
    if (req.url === '/v1/operations') return void res.end('{}');
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: x\n\n');
  });
  const person = await loggedIn('dave', { apiUrl });
  const holder = new pg.Client({ connectionString: stack.testbed.database.url('superuser') });
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query('begin');
  await holder.query('lock table console.session in access exclusive mode');
  const sent = asked(person, '/api/v1/changes/x/events');
  await eventually(async () => {
    const waiting = await holder.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return waiting.rowCount === 1 || null;
  });
  const closed = new Promise((resolve) => sent.once('close', resolve));
  sent.destroy();
  await closed;
  // The console hears of it, in an event of its own, before the database answers.
  await delay(100);
  await holder.query('commit');
  await delay(500);
  expect((await person.api('/api/v1/operations')).status).toBe(200);
  expect(seen.map(({ url }) => url)).toEqual(['/v1/operations']);
});

test('a stream ends with its session', async () => {
  const { apiUrl } = await standIn((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: x\n\n');
  });
  const person = await loggedIn('dave', { apiUrl, streamCheckMs: 20 });
  const live = await stream(person, '/api/v1/changes/x/events');
  await eventually(() => Promise.resolve(live.text().includes('data: x') || null));
  // As an operator does who ends everybody's.
  await stack.db.query('delete from console.session');
  await live.ended;
  expect((await person.api('/session')).status).toBe(401);
});

test('entries name the person’s address, also through the console', async () => {
  const person = await loggedIn('bob', { trustProxy: 1 });
  const change = await stack.stored();
  const json = { decision: 'approve', digest: 'f'.repeat(64), comment: '' };
  const headers = { 'x-forwarded-for': '203.0.113.7' };
  const answer = await person.api(`/api/v1/changes/${change.id}/decisions`, { json, headers });
  expect(answer.body.code).toBe('digest_mismatch');
  const entries = await stack.entries();
  const refusal = entries.find(({ type, changeId }) => type === 'decision.refused' && changeId === change.id);
  expect(refusal).toMatchObject({ actor: { subject: 'bob' }, source: '203.0.113.7' });
});

test('who floods the API through the console stands in nobody else’s way', async () => {
  const api = await replicaOfTest(stack, { trustProxy: 1, refusedTokensPerMinute: 2, now: () => 30_000 });
  const replica = await stack.replica({ apiUrl: api.url, trustProxy: 1 });
  const life = { refreshAt: Date.now() + 60_000, expiresAt: Date.now() + 60_000 };
  const from = async (address: string, access: string) => {
    const person = personAt(stack, replica);
    const account = { issuer: stack.identity.issuer, subject: 'x', name: 'X' };
    const tokens = { access, refresh: null, id: null, ...life };
    person.plant(stack.cookies.session, await replica.sessions.begin({ account, tokens }, null));
    return (await person.api('/api/v1/operations', { headers: { 'x-forwarded-for': address } })).status;
  };
  expect([await from('203.0.113.7', 'a'), await from('203.0.113.7', 'b')]).toEqual([401, 401]);
  const token = await stack.identity.tokenFor('bob');
  expect(await from('203.0.113.7', token)).toBe(429);
  expect(await from('203.0.113.8', token)).toBe(200);
});
