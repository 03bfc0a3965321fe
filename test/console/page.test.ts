import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makePerson } from './person.ts';
import { personAt, startConsoleStack } from './console-stack.ts';
import type { ConsoleStack } from './console-stack.ts';

let stack: ConsoleStack;

beforeAll(async () => {
  stack = await startConsoleStack();
});

afterAll(() => stack.stop());

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

test.each([
  '/',
  '/changes/x',
  '/assets/index-0a1b2c3d.js',
  '/assets/gone.js',
  '/session',
  '/api/v1/changes',
  '/healthz',
])('each answer has the headers that keep others out: %s', async (path) => {
  const person = personAt(stack, await stack.replica());
  const { headers } = await person.ask(path);
  expect((headers['content-security-policy'] as string).split(';')).toEqual(policy);
  expect(headers).toMatchObject({
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  // On loopback there is no TLS to insist on.
  expect(headers).not.toHaveProperty('strict-transport-security');
  expect(headers).not.toHaveProperty('x-powered-by');
  expect(headers).not.toHaveProperty('access-control-allow-origin');
});

test('over TLS browsers are told to keep to it', async () => {
  const url = new URL('https://console.example');
  const { port } = await stack.replica({ url });
  const person = makePerson(new URL(`http://${url.host}`));
  const { headers, status } = await person.ask('/', { port });
  expect(status).toBe(200);
  expect(headers['strict-transport-security']).toBe('max-age=31536000');
  const begun = await person.ask('/session/login', { port });
  expect(begun.headers['set-cookie']?.[0]).toMatch(
    /^__Host-Http-countersign-login-[\w-]{16}=.*; HttpOnly; Secure; SameSite=Lax$/,
  );
});

test.each([
  '/',
  '/changes',
  '/changes/0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42?tab=log',
  '/login?failed=denied',
  '/no/such/page',
])('the shell is at every address of the page: %s', async (path) => {
  const person = personAt(stack, await stack.replica());
  const { status, headers, text } = await person.ask(path, { site: 'cross-site' });
  expect({ status, text }).toEqual({ status: 200, text: '<!doctype html><title>Countersign</title>' });
  expect(headers['content-type']).toMatch(/^text\/html/);
  // After an upgrade the next look has the new one.
  expect(headers['cache-control']).toBe('no-cache');
});

test('what has its content in its name is kept for ever, and what is gone is not the shell', async () => {
  const person = personAt(stack, await stack.replica());
  const asset = await person.ask('/assets/index-0a1b2c3d.js');
  expect(asset).toMatchObject({ status: 200, text: 'export {};' });
  expect(asset.headers['content-type']).toMatch(/javascript/);
  expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(await person.ask('/icon.svg')).toMatchObject({
    status: 200,
    headers: { 'cache-control': 'no-cache' },
  });
  for (const path of ['/assets/index-ffffffff.js', '/assets/', '/assets', '/api/x', '/session/x', '/api']) {
    expect((await person.ask(path)).status, path).toBe(404);
  }
  for (const path of ['/..%2fconsole%2fclient.jwk.json', '/assets/..%2f..%2fconsole%2fclient.jwk.json']) {
    expect((await person.ask(path)).text, path).not.toContain('"kty"');
  }
});

test('a GET changes nothing, and no other method is one of the page', async () => {
  const person = personAt(stack, await stack.replica());
  for (const method of ['POST', 'PUT', 'DELETE']) {
    expect((await person.ask('/changes', { method })).status).toBe(405);
  }
  expect((await person.ask('/changes', { method: 'HEAD' })).status).toBe(200);
});

test('a console whose page has not been built says so, and what to do', async () => {
  const page = await mkdtemp(join(tmpdir(), 'countersign-test-'));
  onTestFinished(() => rm(page, { recursive: true }));
  const person = personAt(stack, await stack.replica({ page }));
  const { status, text } = await person.ask('/');
  expect(status).toBe(503);
  expect(text).toContain('npm run build');
  const ready = await person.api('/readyz');
  expect(ready).toMatchObject({ status: 503, body: { status: 'not ready', page: false, postgres: true } });
});

test('under another name there is nothing, but for the platform’s questions', async () => {
  const { port } = await stack.replica();
  const rebound = makePerson(new URL('http://elsewhere.example'));
  for (const path of ['/', '/session/login', '/api/v1/changes', '/assets/index-0a1b2c3d.js']) {
    const { status, text, headers } = await rebound.ask(path, { port });
    expect(status, path).toBe(421);
    expect(text).toContain(stack.url.origin);
    expect(headers).not.toHaveProperty('set-cookie');
  }
  expect((await rebound.ask('/healthz', { port })).status).toBe(200);
  expect(await rebound.api('/readyz', { port })).toMatchObject({
    status: 200,
    body: { status: 'ready', postgres: true, page: true, api: true, identity: true },
  });
});

test('without the database it is not ready; without the API or the provider it is, and says what is missing', async () => {
  const gone = personAt(stack, await stack.replica({ databaseAnswers: () => Promise.resolve(false) }));
  expect(await gone.api('/readyz')).toMatchObject({ status: 503, body: { postgres: false } });
  const alone = personAt(
    stack,
    await stack.replica({
      apiUrl: 'http://127.0.0.1:1',
      providerFetch: () => Promise.reject(new TypeError('fetch failed')),
    }),
  );
  expect(await alone.api('/readyz')).toMatchObject({ status: 200, body: { api: false, identity: false } });
});
