import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApiDocument } from '../../api/openapi.ts';
import { submission } from '../support/service.ts';
import { startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';
import { operations } from '../support/operations.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});

afterAll(() => stack.stop());

const seconds = () => Math.floor(Date.now() / 1000);

test.each<[string, Record<string, unknown>]>([
  ['expired', { exp: 1_700_000_000 }],
  ['of another audience', { aud: 'somebody-else' }],
  ['of another issuer', { iss: 'https://id.example' }],
  ['of nobody', { sub: undefined }],
])('a token %s is refused, with nothing said of the call', async (_name, overrides) => {
  const token = await stack.testbed.identity.tokenFor('alice', overrides);
  const answer = await stack.api.call('/v1/changes', { token, body: submission('SN-1') });
  expect(answer.status).toBe(401);
  expect(answer.body.code).toBe('unauthenticated');
  const metadata = `${stack.api.url}/.well-known/oauth-protected-resource`;
  expect(answer.headers.get('www-authenticate')).toBe(
    `Bearer realm="countersign", error="invalid_token", resource_metadata="${metadata}"`,
  );
});

test('who is refused finds the issuer of good tokens, without a token', async () => {
  const refused = await stack.api.call('/v1/changes', { as: null });
  const address = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1];
  const answer = await fetch(address ?? '');
  expect(await answer.json()).toEqual({
    resource: stack.api.url,
    authorization_servers: [stack.testbed.identity.issuer],
    bearer_methods_supported: ['header'],
    resource_name: 'Countersign',
  });
});

test.each(['', 'Bearer', 'Bearer ', 'Basic YWxpY2U6', 'Bearer a b', 'Token x', 'Bearer a,b'])(
  'the authorization %j is refused',
  async (authorization) => {
    const answer = await stack.api.call('/v1/operations', { as: null, headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="countersign"/);
  },
);

test('the scheme is written in any case, and a token in the query is none', async () => {
  const token = await stack.api.tokenOf('alice');
  const open = { as: null, headers: { authorization: `bEARER ${token}` } };
  expect((await stack.api.call('/v1/operations', open)).status).toBe(200);
  expect((await stack.api.call(`/v1/operations?access_token=${token}`, { as: null })).status).toBe(401);
});

interface Documented {
  readonly paths: Record<string, Record<string, { security?: object[] }>>;
}
const calls = Object.entries((openApiDocument(operations) as Documented).paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { security }]) => ({
    path,
    method: method.toUpperCase(),
    open: security === undefined,
  })),
);

test.each(calls.filter(({ open }) => !open))('$method $path needs a token', async ({ path, method }) => {
  const address = path.replace('{id}', '0b0e7a4e-7a2b-4c3f-9a55-0f2f0a8f3c11');
  for (const sent of [
    { as: null, method },
    { as: null, method, headers: { accept: 'text/event-stream' } },
    { method, token: await stack.testbed.identity.tokenFor('alice', { exp: seconds() - 60 }) },
  ]) {
    const answer = await stack.api.call(address, sent);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect(answer.body.code).toBe('unauthenticated');
  }
});

test('what needs no token is health, metrics, documentation and what other systems sign, and what is unknown under /v1 needs one', async () => {
  expect(calls.filter(({ open }) => open).map(({ path }) => path)).toEqual([
    '/healthz',
    '/readyz',
    '/metrics',
    '/.well-known/oauth-protected-resource',
    // Verified by its system's signature.
    '/v1/inbound/{system}',
  ]);
  for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs', '/docs/swagger-ui-bundle.js']) {
    expect((await stack.api.call(path, { as: null })).status).toBe(200);
  }
  expect((await stack.api.call('/v1/nothing', { as: null })).status).toBe(401);
  expect((await stack.api.call('/v1/nothing')).status).toBe(404);
});

test('refused calls leave nothing in the log', async () => {
  expect(await stack.entries()).toEqual([]);
});
