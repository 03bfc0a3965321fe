import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/sdk/client/auth.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentOnHttp, serveMcp } from '../support/agent.ts';
import { eventually, startApi, startTestbed } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* Who gets as far as the tools over HTTP. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let mcp: Awaited<ReturnType<typeof serveMcp>>;

beforeAll(async () => {
  testbed = await startTestbed();
  api = await startApi(testbed);
  mcp = await serveMcp(api.url, { mostAtOnce: 2 });
});
afterAll(async () => {
  await mcp.stop();
  await api.stop();
  await testbed.stop();
});

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};
const calling = (name: string, args: object) => ({
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name, arguments: args },
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** A request as it is, whatever its headers say. */
function raw({ method = 'POST', path = '/mcp', headers = {}, body = initialize }: Sent) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (resolve, reject) => {
      const sent = request(`http://${mcp.host}${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
      });
      sent.once('error', reject);
      sent.once('response', (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        });
      });
      sent.end(method === 'GET' ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    },
  );
}
const asAlice = async () => ({ authorization: `Bearer ${await testbed.identity.tokenFor('alice')}` });

test('without a token: 401, and whose token is wanted, as the official client finds it', async () => {
  for (const headers of [{}, { authorization: 'Basic YTpi' }]) {
    const answer = await raw({ headers });
    expect(answer.status).toBe(401);
    const response = new Response(null, {
      headers: { 'www-authenticate': String(answer.headers['www-authenticate']) },
    });
    const { resourceMetadataUrl = '' } = extractWWWAuthenticateParams(response);
    expect(await discoverOAuthProtectedResourceMetadata(mcp.url, { resourceMetadataUrl })).toMatchObject({
      resource: mcp.url.href,
      authorization_servers: [testbed.identity.issuer],
    });
  }
  expect(await discoverOAuthProtectedResourceMetadata(mcp.url)).toMatchObject({ resource: mcp.url.href });
});

test('a token that the API does not take is answered 401 before anything is done', async () => {
  const answer = await raw({
    headers: { authorization: 'Bearer nobody' },
    body: calling('list_operations', {}),
  });
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
});

test('a token that is revoked ends with the next request', async () => {
  const { secret, id } = await api.users.adam.post<{ secret: string; id: string }>('/v1/tokens', {
    name: 'an agent',
    scopes: ['changes:request'],
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const agent = await agentOnHttp(mcp.url, secret);
  expect((await agent.call('list_operations')).isError).toBe(false);
  await api.users.adam.delete(`/v1/tokens/${id}`);
  await expect(agent.call('list_operations')).rejects.toMatchObject({ code: 401 });
  await agent.stop();
});

test.each([
  ['another host', { headers: { host: 'attacker.example' } }, 403],
  ['another port', { headers: { host: '127.0.0.1:1' } }, 403],
  ['a page of elsewhere', { headers: { origin: 'http://attacker.example' } }, 403],
  ['a GET', { method: 'GET' }, 405],
  ['a DELETE', { method: 'DELETE' }, 405],
  ['several messages in one', { body: [initialize, initialize] }, 400],
  ['no JSON', { body: '{"jsonrpc":' }, 400],
  ['too much', { body: { ...initialize, more: 'x'.repeat(70_000) } }, 413],
  ['another path', { path: '/mcp/' }, 404],
  [
    'another protocol version',
    { headers: { 'mcp-protocol-version': '1999-01-01' }, body: calling('x', {}) },
    400,
  ],
] as const)('%s: refused', async (_what, { headers = {}, ...sent }: Sent, status) => {
  expect((await raw({ ...sent, headers: { ...(await asAlice()), ...headers } })).status).toBe(status);
});

test('a host of elsewhere learns nothing, not even who issues tokens', async () => {
  const answer = await raw({
    method: 'GET',
    path: '/.well-known/oauth-protected-resource',
    headers: { host: 'attacker.example' },
  });
  expect(answer.status).toBe(403);
  expect(answer.text).not.toContain(testbed.identity.issuer);
});

test('no session is begun: nothing is kept between two requests', async () => {
  const answer = await raw({ headers: await asAlice() });
  expect(answer.status).toBe(200);
  expect(answer.headers['mcp-session-id']).toBeUndefined();
  expect(answer.headers['cache-control']).toContain('no');
  const next = await raw({ headers: await asAlice(), body: calling('list_operations', {}) });
  expect(next.text).toContain('ActiveCaCertificate');
});

test('so many at once, and no more; who leaves makes room', async () => {
  const slow = await serveMcp(await stalling(), { mostAtOnce: 2 });
  const leaving = new AbortController();
  const post = (signal?: AbortSignal) =>
    fetch(slow.url, {
      method: 'POST',
      headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
      body: '{}',
      ...(signal ? { signal } : {}),
    });
  const held = [post(leaving.signal), post(leaving.signal)].map((one) => one.catch(() => null));
  await eventually(() => Promise.resolve(slow.calls.length === 2 ? true : null));
  const refused = await post();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  leaving.abort();
  await Promise.all(held);
  const room = new AbortController();
  const next = post(room.signal).catch(() => null);
  await eventually(() => Promise.resolve(slow.calls.length === 3 ? true : null));
  await delay(0);
  room.abort();
  await next;
  await slow.stop();
});

/** Something that takes connections and says nothing. */
async function stalling(): Promise<string> {
  const { createServer } = await import('node:net');
  const server = createServer(() => undefined).unref();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

test('an API that is away: 503', async () => {
  const alone = await serveMcp('http://127.0.0.1:1');
  const answer = await fetch(alone.url, { method: 'POST', headers: { authorization: 'Bearer t' } });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  await alone.stop();
});
