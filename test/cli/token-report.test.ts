import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { newEntry } from '../../domain/entry.ts';
import { makeApiTokenSecret } from '../../identity/api-token.ts';
import { startIdentityProvider } from '../../embedded/identity-provider.ts';
import type { IdentityProvider } from '../../embedded/identity-provider.ts';
import { insertApiToken } from '../../store/insert-api-token.ts';
import { makePool } from '../../store/pool.ts';
import { revokeApiToken } from '../../store/revoke-api-token.ts';
import { cloneDatabase } from '../support/database.ts';
import { temporaryHome } from '../support/stack.ts';

vi.setConfig({ testTimeout: 60_000 });

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
let home: string;
let provider: IdentityProvider;
let policy: string;

beforeAll(async () => {
  home = await temporaryHome();
  provider = await startIdentityProvider({ home, audience: 'countersign' });
  policy = join(home, 'policy.yaml');
  await writeFile(
    policy,
    `groups: { operations: { source: token }, security: { source: directory } }
policies:
  - { name: p, version: "1", stages: [{ name: s, groups: [{ group: operations, threshold: 1 }, { group: security, threshold: 1 }] }] }
`,
  );
  await writeFile(join(home, 'directory.yaml'), 'groups: { security: [{ issuer: i, subject: s }] }\n');
});
afterAll(async () => {
  await provider.stop();
  await rm(home, { recursive: true, force: true });
});

interface Told {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function doctor(token: string, args: readonly string[] = [], more: NodeJS.ProcessEnv = {}): Promise<Told> {
  const env = {
    PATH: process.env.PATH,
    COUNTERSIGN_HOME: join(home, 'none'),
    OIDC_ISSUER: provider.issuer,
    COUNTERSIGN_POLICY: policy,
    COUNTERSIGN_DIRECTORY: join(home, 'directory.yaml'),
    ...more,
  };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, 'doctor', '--token', '-', ...args],
      { env },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
    child.stdin?.end(token);
  });
}

async function told(token: string, more: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = await doctor(token, ['--json'], more);
  // Not the token, nor its payload or signature.
  for (const part of token.split('.').slice(1)) expect(stdout + stderr).not.toContain(part);
  return { exit: code, ...(JSON.parse(stdout) as Record<string, unknown>) };
}

test('a good token: whose it is, and what comes out of which claim', async () => {
  const token = await provider.tokenFor('bob', {
    groups: ['operations', '/unknown'],
    roles: ['approver', 'root'],
  });
  expect(await told(`Bearer ${token}\n`.trim())).toMatchObject({
    exit: 0,
    accepted: true,
    code: null,
    faults: [],
    subject: 'bob',
    issuer: provider.issuer,
    roles: { claim: 'roles', values: ['approver', 'root'], gives: ['approver'], unknown: ['root'] },
    groups: { claim: 'groups', gives: ['operations', '/unknown'] },
    groupsNotInPolicies: ['/unknown'],
    leftOut: [],
  });
  const { stdout, code } = await doctor(token);
  expect(code).toBe(0);
  expect(stdout).toContain('accepted    the API takes this token');
  expect(stdout).toContain('root gives no role');
  expect(stdout).toContain('no policy takes group /unknown from tokens');
  for (const part of token.split('.')) expect(stdout).not.toContain(part);
});

test('maps are looked at, and what the provider has left out', async () => {
  const token = await provider.tokenFor('bob', {
    groups: undefined,
    _claim_names: { groups: 'src1' },
    roles: 'x',
  });
  expect(
    await told(token, {
      COUNTERSIGN_ROLE_MAP: '{"x":["auditor"]}',
      COUNTERSIGN_GROUP_MAP: '{"a":["operations"]}',
    }),
  ).toMatchObject({
    accepted: true,
    roles: { gives: ['auditor'] },
    groups: { gives: [] },
    leftOut: ['groups'],
  });
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['expired', { exp: 1_700_000_000 }, /expired at 2023-11-14T22:13:20.000Z/],
  ['of another audience', { aud: 'other' }, /its aud is "other", expected countersign/],
  ['of another issuer', { iss: 'https://id.example' }, /its iss is "https:\/\/id.example", expected http/],
  ['not valid yet', { nbf: 4_000_000_000 }, /not valid before/],
  ['without a subject', { sub: undefined }, /no sub/],
  [
    'too large',
    { groups: Array.from({ length: 900 }, (_, n) => `group-${n}`) },
    /at most 8192 can be recorded/,
  ],
])('a token %s is refused, and it is said why', async (_name, claims, fault) => {
  const report = await told(await provider.tokenFor('bob', claims));
  expect(report).toMatchObject({ exit: 1, accepted: false, code: 'unauthenticated' });
  expect((report as unknown as { faults: string[] }).faults.join('\n')).toMatch(fault);
});

test('all that is wrong is said at once, and what is no token at all', async () => {
  const { privateKey } = await generateKeyPair('ES256');
  const foreign = await new SignJWT({ iss: 'x', aud: 'y', sub: 'eve\u001b[2J', exp: 1, nonce: 'n' })
    .setProtectedHeader({ alg: 'ES256', kid: 'foreign', typ: 'JWT' })
    .sign(privateKey);
  const { faults } = (await told(foreign)) as unknown as { faults: string[] };
  expect(faults.map((fault) => fault.split(' ').slice(0, 3).join(' '))).toEqual([
    'its iss is',
    'its aud is',
    'it has expired',
    'it is no',
    'the issuer publishes',
  ]);
  expect(await told('garbage')).toMatchObject({ exit: 1, faults: ['it is no signed JWT'], subject: null });
  const { stdout } = await doctor(foreign);
  expect(stdout).not.toContain('\u001b');
  const altered = `${(await provider.tokenFor('bob')).slice(0, -6)}AAAAAA`;
  expect(await told(altered)).toMatchObject({ faults: ['its signature is not one of the issuer’s key'] });
});

test('an issuer out of reach is no fault of the token', async () => {
  const token = await provider.tokenFor('bob', { iss: 'http://127.0.0.1:1' });
  expect(await told(token, { OIDC_ISSUER: 'http://127.0.0.1:1' })).toMatchObject({
    exit: 1,
    accepted: false,
    code: 'identity_unavailable',
    subject: 'bob',
  });
});

test('an API token is looked up, with the login that may', async () => {
  const database = await cloneDatabase();
  const pool = makePool({ connectionString: database.url('api'), applicationName: 'test', max: 1 });
  try {
    const { secret, hash } = makeApiTokenSecret();
    const by = { issuer: 'https://id', subject: 'adam', name: 'Adam' };
    const id = '0b7f5a52-0e54-8a5c-9f0e-6f3a1c2d4e5f';
    const [issuedAt, expiresAt] = [0, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString()) as [
      string,
      string,
    ];
    const token = {
      id,
      name: 'pipeline',
      scopes: ['audit:read' as const],
      issuedBy: by,
      issuedAt,
      expiresAt,
    };
    await insertApiToken(pool, token, hash);
    const env = { DATABASE_URL: database.url('api') };
    // A row that no entry tells of is no token.
    expect(await told(secret, env)).toMatchObject({ faults: ['there is no such API token'] });
    const tell = (type: 'token.issued' | 'token.revoked', time: string) => {
      const fingerprint = createHash('sha256').update(hash).digest('hex');
      const logged = { id, fingerprint, name: token.name, scopes: token.scopes, expiresAt };
      const place = { namespace: 'test', of: `token-${id}`, ordinal: 1 };
      return appendEntry(pool, newEntry(place, { type, time, actor: by, token: logged }));
    };
    await tell('token.issued', issuedAt);
    expect(await told(secret, env)).toMatchObject({
      exit: 0,
      kind: 'machine',
      roles: ['auditor'],
      lastUsedAt: null,
    });
    expect(await told(secret, { DATABASE_URL: database.url('worker') })).toMatchObject({
      exit: 1,
      accepted: false,
    });
    expect(await told(makeApiTokenSecret().secret, env)).toMatchObject({
      faults: ['there is no such API token'],
    });
    const at = new Date().toISOString();
    await revokeApiToken(pool, { id, by, at });
    await tell('token.revoked', at);
    expect(await told(secret, env)).toMatchObject({
      exit: 1,
      faults: [expect.stringMatching(/^it was revoked/)],
    });
  } finally {
    await pool.end();
    await database.drop();
  }
});

test('a token is never taken from the command line', async () => {
  const { code, stderr } = await new Promise<Told>((resolve) => {
    execFile(process.execPath, [main, 'doctor', '--token', 'eyJ.eyJ.x'], (error, stdout, stderr) =>
      resolve({ code: error?.code, stdout, stderr }),
    );
  });
  expect(code).toBe(3);
  expect(stderr).not.toContain('eyJ');
  expect((await doctor('')).code).toBe(3);
});
