import { randomUUID } from 'node:crypto';
import { get } from 'node:http';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fourEyes } from '../../domain/four-eyes.ts';
import { submission } from '../support/service.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});

afterAll(() => stack.stop());

test.each([
  ['/v1/changes', 'GET, HEAD, POST'],
  [`/v1/changes/${randomUUID()}`, 'GET, HEAD'],
  [`/v1/changes/${randomUUID()}/decisions`, 'POST, DELETE'],
  [`/v1/changes/${randomUUID()}/withdrawal`, 'POST'],
  [`/v1/changes/${randomUUID()}/execution`, 'POST'],
  [`/v1/changes/${randomUUID()}/events`, 'GET, HEAD'],
  ['/v1/operations', 'GET, HEAD'],
  ['/v1/contract', 'GET, HEAD'],
  ['/healthz', 'GET, HEAD'],
  ['/readyz', 'GET, HEAD'],
  ['/metrics', 'GET, HEAD'],
  ['/openapi.json', 'GET, HEAD'],
  ['/.well-known/oauth-protected-resource', 'GET, HEAD'],
])('%s says which methods it has: %s', async (path, allow) => {
  const known = new Set(allow.split(', '));
  for (const method of ['PUT', 'PATCH', 'DELETE', 'PROPFIND'].filter((m) => !known.has(m))) {
    const answer = await stack.api.call(path, { method });
    expect(answer.body).toMatchObject({ status: 405, code: 'method_not_allowed' });
    expect(answer.headers.get('allow')).toBe(allow);
  }
  const options = await stack.api.call(path, { method: 'OPTIONS' });
  expect(options.status).toBe(204);
  expect(options.headers.get('allow')).toBe(allow);
});

test.each([
  '/V1/changes',
  '/v1/Changes',
  '/v1/changes/{id}/EVENTS',
  '/v1/changes/',
  '/v1/changes/{id}/',
  '/v1/changes/{id}/events/',
  '/v1//changes',
  '//v1/changes',
  '/v1/%63hanges',
  '/%76%31/changes',
  '/v1%2fchanges',
  '/v1/changes%2F{id}',
  '/v1/changes/{id}%2fevents',
  '/v1/changes/{id}/event%73',
  '/v1/changes/{%69d}',
  '/v1/x\\..\\changes',
  '/v1/changes\\{id}',
  '/v1/FREEZES',
  '/v1/Tokens',
  '/v1/AUDIT/entries',
  '/v1/audit/Entries',
  '/v1/operations/',
  '/HEALTHZ',
  '/readyz/',
  '/Metrics',
  '/OpenAPI.json',
  '/DOCS',
])('%s is no way to write an address', async (written) => {
  const { id } = await stack.stored();
  const path = written
    .replace('{id}', id)
    .replace('{%69d}', `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`);
  for (const as of ['olga', 'dave']) {
    const { status, code } = await sentAsItIs(path, await stack.api.tokenOf(as));
    expect([status, code]).toEqual([404, 'not_found']);
  }
});

/** A request whose path nothing tidies up on its way. */
function sentAsItIs(path: string, token: string): Promise<{ status: number | undefined; code: unknown }> {
  const { hostname, port } = new URL(stack.api.url);
  return new Promise((resolve, reject) => {
    get({ hostname, port, path, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += String(chunk)));
      answer.on('end', () =>
        resolve({ status: answer.statusCode, code: (JSON.parse(text) as { code: unknown }).code }),
      );
    }).on('error', reject);
  });
}

test('dot segments lead nowhere', async () => {
  const token = await stack.api.tokenOf('olga');
  for (const path of ['/v1/./changes', '/v1/x/../changes', '/docs/../v1/changes', '/v1/%2e%2e/v1/changes']) {
    expect((await sentAsItIs(path, token)).status).toBe(404);
  }
});

test('HEAD is GET without a body', async () => {
  const change = await stack.stored();
  for (const path of ['/v1/changes', `/v1/changes/${change.id}`, '/healthz', '/v1/operations']) {
    const head = await stack.api.call(path, { method: 'HEAD' });
    const get = await stack.api.call(path);
    expect({ status: head.status, text: head.text }).toEqual({ status: 200, text: '' });
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  }
});

test('pages of other origins get nothing', async () => {
  const headers = {
    origin: 'https://evil.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };
  for (const sent of [{ method: 'OPTIONS', as: null, headers }, { headers }]) {
    const answer = await stack.api.call('/v1/changes', sent);
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

test('the documentation page needs nothing from elsewhere and runs under its own policy', async () => {
  const page = await stack.api.call('/docs', { as: null });
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toBe(
    "default-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;base-uri 'none';form-action 'none';frame-ancestors 'none'",
  );
  const linked = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
  expect(linked).toEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/start.js']);
  for (const address of linked) {
    const file = await stack.api.call(address, { as: null });
    expect(file.status).toBe(200);
    expect(file.headers.get('content-type')).toMatch(address.endsWith('.css') ? /^text\/css/ : /javascript/);
  }
  // No inline script, which the policy would not run.
  expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)/);
  const { text } = await stack.api.call('/docs/start.js', { as: null });
  expect(text).toContain("url: '/openapi.json'");
  expect((await stack.api.call('/docs/nothing.js', { as: null })).status).toBe(404);
  expect((await stack.api.call('/docs/..%2f..%2fpackage.json', { as: null })).status).toBe(404);
});

test('every answer carries a request id, a strict policy and no word of what serves it', async () => {
  for (const path of ['/v1/changes', '/healthz', '/nothing']) {
    const { headers } = await stack.api.call(path);
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
  }
});

test('metrics are text where there are any, and need no token', async () => {
  expect((await stack.api.call('/metrics', { as: null })).status).toBe(404);
  const api = await replicaOfTest(stack, { metrics: () => Promise.resolve('countersign_changes 1\n') });
  const answer = await api.call('/metrics', { as: null });
  expect(answer.text).toBe('countersign_changes 1\n');
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
});

test('health: alive and ready', async () => {
  expect((await stack.api.call('/healthz', { as: null })).body).toEqual({ status: 'ok' });
  const ready = await stack.api.call('/readyz', { as: null });
  expect(ready.body).toEqual({
    status: 'ready',
    postgres: true,
    temporal: true,
    log: true,
    unsealed: { entries: expect.any(Number) as number, seconds: expect.any(Number) as number },
  });
});

test('the log of requests holds no token, serial number, text of people or query, also when something fails', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const failing = {
    query: () =>
      Promise.reject(Object.assign(new Error('no'), { code: '23505', detail: 'Key (sn)=(SN-secret)' })),
  };
  const [good, bad] = [
    await replicaOfTest(stack, { log }),
    await replicaOfTest(stack, { log, db: failing as never }),
  ];
  const token = await good.tokenOf('alice');
  const change = await stack.stored();
  for (const api of [good, bad]) {
    await api.call('/v1/changes', {
      body: submission('SN-secret', { justification: 'because of SN-secret' }),
    });
    await api.call('/v1/changes', { raw: '{"sn":"SN-secret"' });
    await api.call('/v1/changes?sn=SN-secret&cursor=SN-secret');
    await api.call(`/v1/changes/${change.id}?access_token=${token}`);
    await api.call('/v1/changes', { token: `${token.slice(0, -5)}AAAAA` });
  }
  const text = lines.join('');
  expect(lines.length).toBeGreaterThanOrEqual(10);
  expect(text).toContain(change.id);
  expect(text).toContain('/v1/changes');
  expect(text).not.toContain('SN-secret');
  expect(text).not.toContain(token.slice(0, 40));
  expect(text).not.toMatch(/authorization/i);
});

test('what nobody foresaw is 500 and tells nothing', async () => {
  const failing = { query: () => Promise.reject(new TypeError('password of the database')) };
  const api = await replicaOfTest(stack, { db: failing as never });
  const answer = await api.call('/v1/changes');
  expect(answer.body).toMatchObject({ status: 500, code: 'internal_error' });
  expect(answer.text).not.toContain('password');
});

test('a policy that allows no break-glass says so', async () => {
  const body = submission(randomUUID(), { breakGlass: true });
  const answer = await stack.api.call('/v1/changes', { body });
  expect(answer.body).toMatchObject({ status: 403, code: 'break_glass_not_allowed' });
  expect(answer.body.detail).toContain(fourEyes.name);
});
