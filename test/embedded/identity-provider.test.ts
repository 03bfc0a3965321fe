import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEMO_CLIENT_ID } from '../../embedded/demo-provider.ts';
import { fetchDemoToken, startIdentityProvider } from '../../embedded/identity-provider.ts';
import type { IdentityProvider } from '../../embedded/identity-provider.ts';
import { createTokenVerifier } from '../../identity/token-verifier.ts';
import { temporaryHome } from '../support/stack.ts';

let home: string;
let provider: IdentityProvider;

beforeEach(async () => {
  home = await temporaryHome();
  provider = await startIdentityProvider({ home, audience: 'countersign', tokenTtlSeconds: 600 });
});

afterEach(async () => {
  await provider.stop();
  await rm(home, { recursive: true, force: true });
});

/** Verifies as an API would: keys by way of the discovery document, nothing cached. */
async function verify(token: string): Promise<JWTPayload> {
  const discovery = await fetch(`${provider.issuer}/.well-known/openid-configuration`);
  const { issuer, jwks_uri } = (await discovery.json()) as { issuer: string; jwks_uri: string };
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), {
    issuer,
    audience: 'countersign',
    typ: 'at+jwt',
    algorithms: ['ES256'],
  });
  return payload;
}

test.each([
  ['alice', 'requester', []],
  ['erin', 'requester', []],
  ['bob', 'approver', ['operations']],
  ['carol', 'approver', ['operations']],
  ['frank', 'approver', ['security']],
  ['dave', 'auditor', []],
  ['olga', 'operator', []],
  ['adam', 'admin', []],
])('a token of %s verifies and tells the role %s and groups %j', async (user, role, groups) => {
  const claims = await verify(await provider.tokenFor(user));
  expect(claims).toMatchObject({
    iss: provider.issuer,
    sub: user,
    aud: 'countersign',
    roles: [role],
    groups,
    amr: ['demo'],
  });
  expect(claims['name']).toEqual(expect.any(String));
  expect(claims['auth_time']).toBe(claims.iat);
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600);
});

test('a second factor is played when it is asked for, beside the word that nobody was asked', async () => {
  const claims = await verify(await fetchDemoToken(provider.issuer, 'frank', { mfa: true }));
  expect(claims).toMatchObject({ sub: 'frank', amr: ['demo', 'mfa'] });
  expect(claims['auth_time']).toBe(claims.iat);
  expect(await verify(await fetchDemoToken(provider.issuer, 'frank'))).toMatchObject({ amr: ['demo'] });
});

test('an unknown user gets no token', async () => {
  await expect(provider.tokenFor('mallory')).rejects.toThrow('mallory');
});

test('overrides change single claims of a token that still verifies', async () => {
  const claims = await verify(await provider.tokenFor('alice', { roles: ['approver'], groups: undefined }));
  expect(claims).toMatchObject({ sub: 'alice', roles: ['approver'] });
  expect(claims).not.toHaveProperty('groups');
  const expired = await provider.tokenFor('alice', { exp: 1 });
  await expect(verify(expired)).rejects.toBeInstanceOf(errors.JWTExpired);
});

test('after a rotation old tokens fail and new ones verify', async () => {
  const old = await provider.tokenFor('bob');
  await provider.rotateKey();
  await expect(verify(old)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  await expect(verify(await provider.tokenFor('bob'))).resolves.toMatchObject({ sub: 'bob' });
});

test('tokens survive a restart on the same port', async () => {
  const token = await provider.tokenFor('bob');
  const { port } = provider;
  await provider.stop();
  provider = await startIdentityProvider({ home, audience: 'countersign', port });
  expect(provider.port).toBe(port);
  await expect(verify(token)).resolves.toMatchObject({ sub: 'bob' });
});

test('a taken port gives another one', async () => {
  const second = await startIdentityProvider({ home, audience: 'countersign', port: provider.port });
  try {
    expect(second.port).not.toBe(provider.port);
    await expect(fetchDemoToken(second.issuer, 'olga')).resolves.toEqual(expect.any(String));
  } finally {
    await second.stop();
  }
});

test('a request under a foreign host name is refused', async () => {
  const ask = (host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request(`${provider.issuer}/jwks`, { headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  expect(await ask(`evil.example:${provider.port}`)).toBe(421);
  expect(await ask(`127.0.0.1:${provider.port}`)).toBe(200);
});

test('the log-in page gives tokens by the authorization code flow with PKCE, of which one is for the API', async () => {
  const verifier = randomBytes(32).toString('base64url');
  const redirect = 'http://127.0.0.1:65000/callback';
  const cookies = new Map<string, string>();
  const step = async (url: string, body?: URLSearchParams): Promise<Response> => {
    const response = await fetch(new URL(url, provider.issuer), {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(body && { method: 'POST', body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/u.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    return response;
  };
  const location = (response: Response): string => response.headers.get('location') ?? '';

  const query = new URLSearchParams({
    client_id: DEMO_CLIENT_ID,
    response_type: 'code',
    scope: 'openid profile',
    redirect_uri: redirect,
    state: 'here',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const page = location(await step(`/auth?${query.toString()}`));
  expect(await (await step(page)).text()).toContain('value="carol"');
  const resumed = location(await step(page, new URLSearchParams({ user: 'carol', mfa: 'true' })));
  const back = new URL(location(await step(resumed)));
  expect(`${back.origin}${back.pathname}`).toBe(redirect);
  expect(back.searchParams.get('state')).toBe('here');

  const answer = await step(
    '/token',
    new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: DEMO_CLIENT_ID,
      code: back.searchParams.get('code') ?? '',
      redirect_uri: redirect,
      code_verifier: verifier,
    }),
  );
  const { access_token, id_token } = (await answer.json()) as { access_token: string; id_token: string };
  const claims = await verify(access_token);
  expect(claims).toMatchObject({ sub: 'carol', groups: ['operations'], amr: ['demo', 'mfa'] });
  expect(claims['auth_time']).toBeLessThanOrEqual(claims.iat ?? 0);

  // Both under the same keys and issuer; where the audience is the client, only their kind tells them apart.
  const { issuer } = provider;
  const refused = { code: 'unauthenticated' };
  const api = createTokenVerifier({ issuer, audience: 'countersign' });
  await expect(api.verify(access_token)).resolves.toMatchObject({ person: { subject: 'carol' } });
  await expect(api.verify(id_token)).rejects.toMatchObject(refused);
  const client = createTokenVerifier({ issuer, audience: DEMO_CLIENT_ID });
  await expect(client.verify(id_token)).rejects.toMatchObject(refused);
  const { payload } = await jwtVerify(id_token, createRemoteJWKSet(new URL(`${issuer}/jwks`)));
  expect(payload).toMatchObject({ aud: DEMO_CLIENT_ID, sub: 'carol' });
});
