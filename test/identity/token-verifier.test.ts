import { generateKeyPairSync, sign } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import type { JWK } from 'jose';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ErrorCode } from '../../domain/error.ts';
import { startIdentityProvider } from '../../embedded/identity-provider.ts';
import type { IdentityProvider } from '../../embedded/identity-provider.ts';
import { createTokenVerifier } from '../../identity/token-verifier.ts';
import type { TokenVerifier } from '../../identity/token-verifier.ts';
import { temporaryHome } from '../support/stack.ts';

const audience = 'countersign';
let provider: IdentityProvider;
let verifier: TokenVerifier;

const homes: string[] = [];

async function start(port?: number): Promise<IdentityProvider> {
  const home = await temporaryHome();
  homes.push(home);
  return startIdentityProvider({ home, audience, ...(port === undefined ? {} : { port }) });
}

beforeAll(async () => {
  provider = await start();
  verifier = createTokenVerifier({ issuer: provider.issuer, audience });
});

afterAll(async () => {
  await provider.stop();
  await Promise.all(homes.map((home) => rm(home, { recursive: true })));
});

async function codeOf(token: string, by = verifier): Promise<ErrorCode | 'accepted'> {
  return by.verify(token).then(
    () => 'accepted' as const,
    (error: unknown) => (error as { code: ErrorCode }).code,
  );
}

const seconds = () => Math.floor(Date.now() / 1000);

test('a token of the provider is a person with roles and groups', async () => {
  const { person, expiresAt } = await verifier.verify(await provider.tokenFor('bob'));
  expect(person).toEqual({
    issuer: provider.issuer,
    subject: 'bob',
    name: 'Bob Baker',
    roles: ['approver'],
    groups: ['operations'],
    authentication: { methods: ['demo'], at: expect.stringMatching(/^\d{4}-.*Z$/) as unknown },
  });
  expect(expiresAt).toBeGreaterThan(Date.now());
});

test('only the roles that there are count, and claims of another type are as none', async () => {
  const token = await provider.tokenFor('bob', {
    roles: ['approver', 'root', 7],
    groups: { operations: true },
    name: 7,
    amr: undefined,
    auth_time: 1e300,
  });
  expect((await verifier.verify(token)).person).toMatchObject({
    name: 'bob',
    roles: ['approver'],
    groups: [],
    authentication: { methods: [], at: null },
  });
});

test.each<[string, Record<string, unknown>]>([
  ['expired', { exp: 1_700_000_000 }],
  ['not valid yet', { nbf: 4_000_000_000 }],
  ['without an end', { exp: undefined }],
  ['of another audience', { aud: 'somebody-else' }],
  ['without an audience', { aud: undefined }],
  ['of another issuer', { iss: 'https://id.example' }],
  ['of nobody', { sub: undefined }],
  ['of an empty name', { sub: '' }],
  ['of a number', { sub: 7 }],
  ['with a lone surrogate', { name: '\ud800' }],
  ['with U+0000', { groups: ['a\u0000'] }],
  [
    'with more groups than an entry holds',
    { groups: Array.from({ length: 500 }, (_, n) => `group-number-${n}`) },
  ],
])('refused: a token %s', async (_name, overrides) => {
  expect(await codeOf(await provider.tokenFor('bob', overrides))).toBe('unauthenticated');
});

test('a token just past its end is taken, for clocks differ', async () => {
  expect(await codeOf(await provider.tokenFor('bob', { exp: seconds() - 2 }))).toBe('accepted');
  expect(await codeOf(await provider.tokenFor('bob', { exp: seconds() - 60 }))).toBe('unauthenticated');
});

test('a token just before its beginning is taken, too, and how far clocks may differ is set', async () => {
  const soon = async (s: number) => provider.tokenFor('bob', { nbf: seconds() + s });
  expect(await codeOf(await soon(2))).toBe('accepted');
  expect(await codeOf(await soon(60))).toBe('unauthenticated');
  const lenient = createTokenVerifier({ issuer: provider.issuer, audience, clockToleranceSeconds: 120 });
  expect(await codeOf(await soon(60), lenient)).toBe('accepted');
  expect(await codeOf(await provider.tokenFor('bob', { exp: seconds() - 60 }), lenient)).toBe('accepted');
  const strict = createTokenVerifier({ issuer: provider.issuer, audience, clockToleranceSeconds: 0 });
  expect(await codeOf(await provider.tokenFor('bob', { exp: seconds() - 2 }), strict)).toBe(
    'unauthenticated',
  );
});

test('which claims give roles and groups, and what a value gives, are set', async () => {
  const by = createTokenVerifier({
    issuer: provider.issuer,
    audience,
    claims: {
      rolesClaim: 'realm_access.roles',
      groupsClaim: 'https://id.example/groups',
      roleMap: new Map([['ops-approvers', ['approver']]]),
    },
  });
  const token = await provider.tokenFor('bob', {
    roles: ['admin'],
    realm_access: { roles: ['ops-approvers', 'admin'] },
    'https://id.example/groups': ['operations'],
    acr: 'gold',
  });
  expect((await by.verify(token)).person).toMatchObject({
    roles: ['approver'],
    groups: ['operations'],
    authentication: { methods: ['demo', 'acr:gold'] },
  });
});

test('refused: no algorithm, a shared secret made of the public key, a foreign key, an altered token', async () => {
  const claims = {
    iss: provider.issuer,
    aud: audience,
    sub: 'bob',
    exp: seconds() + 600,
    roles: ['approver'],
  };
  const jwks = (await (await fetch(`${provider.issuer}/jwks`)).json()) as { keys: (JWK & { kid: string })[] };
  const [jwk] = jwks.keys;
  if (!jwk) throw new Error('the provider shows no key');
  const publicKey = await importJWK({ ...jwk, alg: 'ES256' });
  if (publicKey instanceof Uint8Array) throw new Error('not a public key');
  const foreign = await generateKeyPair('ES256');
  const good = await provider.tokenFor('bob');
  const [header, payload, signature] = good.split('.') as [string, string, string];
  const other = (await provider.tokenFor('bob', { roles: ['admin'] })).split('.')[1] as string;
  const refused = [
    new UnsecuredJWT(claims).encode(),
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.${signature}`,
    await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: jwk.kid })
      .sign(Buffer.from(await exportSPKI(publicKey as never))),
    await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(JSON.stringify(jwk))),
    await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: jwk.kid }).sign(foreign.privateKey),
    await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', jwk: { kty: 'EC' }, kid: 'foreign' })
      .sign(foreign.privateKey),
    `${header}.${other}.${signature}`,
    `${header}.${payload}.${signature.slice(0, -4)}`,
  ];
  for (const token of refused) expect(await codeOf(token)).toBe('unauthenticated');
});

test.each(['x', 'a.b.c', '..', 'ey.ey.ey', 'ä'.repeat(50), 'e30.e30.e30', '\u0000'])(
  'refused: garbage %j',
  async (token) => {
    expect(await codeOf(token)).toBe('unauthenticated');
  },
);

test('after the provider has changed its key, the old token is refused and the new one taken', async () => {
  const rotating = await start();
  onTestFinished(() => rotating.stop());
  const by = createTokenVerifier({ issuer: rotating.issuer, audience });
  const old = await rotating.tokenFor('bob');
  expect(await codeOf(old, by)).toBe('accepted');
  await rotating.rotateKey();
  const fresh = await rotating.tokenFor('bob');
  // Unknown keys are not asked for more often than every 2 s.
  while ((await codeOf(fresh, by)) !== 'accepted') await delay(100);
  expect(await codeOf(old, by)).toBe('unauthenticated');
});

test('without the provider nobody is known, unless its keys were seen before; it may come back', async () => {
  const first = await start();
  const token = await first.tokenFor('bob');
  const seen = createTokenVerifier({ issuer: first.issuer, audience });
  expect(await codeOf(token, seen)).toBe('accepted');
  await first.stop();
  const unseen = createTokenVerifier({ issuer: first.issuer, audience });
  expect(await codeOf(token, unseen)).toBe('identity_unavailable');
  expect(await codeOf(token, seen)).toBe('accepted');

  const again = await start(first.port);
  onTestFinished(() => again.stop());
  expect(again.issuer).toBe(first.issuer);
  expect(await codeOf(await again.tokenFor('bob'), unseen)).toBe('accepted');
});

test('a provider that answers nonsense is unavailable, and names no other issuer', async () => {
  let answer = '<html>';
  const server = createServer((_req, res) => void res.end(answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const by = createTokenVerifier({ issuer, audience });
  const token = await provider.tokenFor('bob', { iss: issuer });
  expect(await codeOf(token, by)).toBe('identity_unavailable');
  answer = JSON.stringify({ issuer: provider.issuer, jwks_uri: `${provider.issuer}/jwks` });
  expect(await codeOf(token, by)).toBe('identity_unavailable');
  answer = JSON.stringify({ issuer, jwks_uri: 'http://id.example/jwks' });
  expect(await codeOf(token, by)).toBe('identity_unavailable');
});

/** An issuer whose documents a test writes; what is null is answered 503. */
async function startIssuer(paths: (issuer: string) => Record<string, object | null>) {
  const server = createServer((req, res) => {
    const found = paths(issuer)[req.url ?? ''];
    res.statusCode = found == null ? 503 : 200;
    res.end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { issuer, by: createTokenVerifier({ issuer, audience }) };
}

const discovery = '/.well-known/openid-configuration';

async function keyOf(alg: string, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg };
  const tokenOf = (issuer: string) =>
    new SignJWT({ iss: issuer, aud: audience, sub: 'bob', exp: seconds() + 600 })
      .setProtectedHeader({ alg, kid, typ: 'at+jwt' })
      .sign(privateKey);
  return { jwk, tokenOf };
}

test.each([
  ['RS256', 'accepted'],
  ['PS256', 'accepted'],
  ['ES256', 'accepted'],
  ['EdDSA', 'accepted'],
  ['Ed25519', 'accepted'],
  ['RS384', 'unauthenticated'],
  ['PS512', 'unauthenticated'],
  ['ES384', 'unauthenticated'],
] as const)("a token by the issuer's own %s key is %s", async (alg, outcome) => {
  const { jwk, tokenOf } = await keyOf(alg, 'one');
  const { issuer, by } = await startIssuer((of) => ({
    [discovery]: { issuer: of, jwks_uri: `${of}/jwks` },
    '/jwks': { keys: [jwk] },
  }));
  expect(await codeOf(await tokenOf(issuer), by)).toBe(outcome);
});

test('keys that have moved are found again, and those that were seen go on meanwhile', async () => {
  const [old, fresh] = [await keyOf('ES256', 'old'), await keyOf('ES256', 'fresh')];
  let documents: (of: string) => Record<string, object | null> = (of) => ({
    [discovery]: { issuer: of, jwks_uri: `${of}/old` },
    '/old': { keys: [old.jwk] },
  });
  const { issuer, by } = await startIssuer((of) => documents(of));
  expect(await codeOf(await old.tokenOf(issuer), by)).toBe('accepted');

  // Nothing answers any more: an unknown key cannot be looked up, and takes nothing from the known one.
  documents = () => ({});
  const token = await fresh.tokenOf(issuer);
  // Until 2 s after the last look the unknown key is just unknown.
  while ((await codeOf(token, by)) !== 'identity_unavailable') await delay(100);
  expect(await codeOf(await old.tokenOf(issuer), by)).toBe('accepted');

  // The discovery document is there again, its keys not yet.
  let keys: object | null = null;
  documents = (of) => ({ [discovery]: { issuer: of, jwks_uri: `${of}/new` }, '/new': keys });
  for (let n = 0; n < 3; n++) {
    expect(await codeOf(token, by)).toBe('identity_unavailable');
    expect(await codeOf(await old.tokenOf(issuer), by)).toBe('accepted');
  }

  keys = { keys: [fresh.jwk] };
  while ((await codeOf(token, by)) !== 'accepted') await delay(100);
  expect(await codeOf(await old.tokenOf(issuer), by)).toBe('unauthenticated');
});

/** A signed token of whatever header and payload, well-formed or not. */
async function signedOf(header: (kid: string) => unknown, payload: (issuer: string) => string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' };
  const { issuer, by } = await startIssuer((of) => ({
    [discovery]: { issuer: of, jwks_uri: `${of}/jwks` },
    '/jwks': { keys: [jwk] },
  }));
  const signed = [JSON.stringify(header('one')), payload(issuer)]
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return codeOf(`${signed}.${signature.toString('base64url')}`, by);
}
const usual = { alg: 'ES256', kid: 'one', typ: 'at+jwt' };
const claimsOf = (issuer: string) => ({ iss: issuer, aud: audience, sub: 'bob', exp: seconds() + 600 });
const odd: readonly unknown[] = [7, 0, -1, 1e300, true, false, null, '', 'x', [], ['x'], [[]], {}, { a: 1 }];

test('a token like the odd ones, but in order, is taken', async () => {
  expect(
    await signedOf(
      () => usual,
      (issuer) => JSON.stringify(claimsOf(issuer)),
    ),
  ).toBe('accepted');
});

test.each(['typ', 'kid', 'alg', 'crit', 'cty', 'jwk', 'jku', 'x5c', 'b64', 'zip', 'epk', '__proto__'])(
  'a signed token whose header has an odd %s is refused or taken, and never our fault',
  async (name) => {
    for (const value of odd) {
      const code = await signedOf(
        () => ({ ...usual, [name]: value }),
        (issuer) => JSON.stringify(claimsOf(issuer)),
      );
      expect([name, value, code]).toEqual([
        name,
        value,
        expect.stringMatching(/^(accepted|unauthenticated)$/),
      ]);
      if (name === 'typ') expect(code).toBe('unauthenticated');
    }
  },
);

test.each([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'name', 'roles', 'groups', 'amr', 'acr', 'auth_time'],
  ...['typ', 'token_use', 'scope', 'client_id', 'nonce', 'events', '_claim_names', 'hasgroups', '__proto__'],
])('a signed token with an odd claim %s is refused or taken, and never our fault', async (name) => {
  for (const header of [usual, { alg: 'ES256', kid: 'one' }]) {
    for (const value of odd) {
      const code = await signedOf(
        () => header,
        (issuer) => JSON.stringify({ scope: 'x', ...claimsOf(issuer), [name]: value }),
      );
      expect([name, value, code]).toEqual([
        name,
        value,
        expect.stringMatching(/^(accepted|unauthenticated)$/),
      ]);
    }
  }
});

test.each(['', '{', '[]', 'null', '7', '"x"', '{"exp":1e999}'])(
  'a signed payload %s is refused',
  async (text) => {
    expect(
      await signedOf(
        () => usual,
        () => text,
      ),
    ).toBe('unauthenticated');
  },
);

test('plain http is for loopback only', () => {
  for (const issuer of ['http://id.example', 'http://127.0.0.1.id.example', 'ftp://127.0.0.1']) {
    expect(() => createTokenVerifier({ issuer, audience })).toThrow(
      expect.objectContaining({ code: 'invalid_configuration' }),
    );
  }
});
