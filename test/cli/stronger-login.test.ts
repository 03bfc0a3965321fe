import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { apiClient } from '../../client/api-client.ts';
import { keepTokens, keptLogin } from '../../cli/login/kept-login.ts';
import type { KeptLogin } from '../../cli/login/kept-login.ts';
import { logIn } from '../../cli/login/log-in.ts';
import type { LoginOf, Way } from '../../cli/login/log-in.ts';
import { readProfile } from '../../cli/login/profile-file.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { DEMO_CLI_CLIENT_ID } from '../../embedded/demo-provider.ts';
import { startIdentityProvider } from '../../embedded/identity-provider.ts';
import { startApiStack } from '../api/api-stack.ts';
import type { ApiStack } from '../api/api-stack.ts';
import { headlessBrowser } from '../support/headless-browser.ts';
import { eventually } from '../support/service.ts';
import { temporaryHome } from '../support/stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

const patienceMs = 120_000;

function loginAt(issuer: string, more: Partial<LoginOf> = {}): LoginOf {
  const clientId = DEMO_CLI_CLIENT_ID;
  return { issuer, clientId, scope: 'openid profile', parameters: {}, device: false, port: null, ...more };
}

/** openid-client asks by text. */
const addressOf = (input: string | URL | Request) => (typeof input === 'string' ? input : '');

/** A way to log in at a page of the demo provider, by a browser that keeps its session. */
function wayAs(fields: Readonly<Record<string, string>>, browser = headlessBrowser()) {
  const opened: string[] = [];
  const way: Way = {
    fetch: globalThis.fetch,
    tell: () => undefined,
    open(address) {
      opened.push(address);
      // What becomes of it is seen at the command line.
      void browser.logIn(address, fields).catch(() => undefined);
    },
    patienceMs,
  };
  return { way, opened };
}

/** Bob at a terminal, where he has logged in without a second factor, and logs in once more as the fields say. */
async function bobAtTerminal(fields: Readonly<Record<string, string>>, more: Partial<KeptLogin> = {}) {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const folder = join(home, 'profiles');
  const { url: api } = stack.api;
  const login = loginAt(stack.testbed.identity.issuer);
  const browser = headlessBrowser();
  await keepTokens({ folder, api }, login, await logIn(login, {}, wayAs({ user: 'bob' }, browser).way));
  const again = wayAs(fields, browser);
  const told: string[] = [];
  const bearer = keptLogin({
    folder,
    api,
    fetch: globalThis.fetch,
    tell: (line) => told.push(line),
    logIn: (kept, strength) => logIn(kept, strength, again.way),
    ...more,
  });
  return {
    client: apiClient(api, bearer),
    told,
    opened: again.opened,
    tokens: async () => (await readProfile(folder, api))?.tokens,
  };
}

const approval = async (policy: object) => {
  const change = await stack.stored({ policy: { ...fourEyes, ...policy } });
  const path = `/v1/changes/${change.id}/decisions`;
  return { path, body: { decision: 'approve', digest: change.digest, comment: '' }, id: change.id };
};
const refusalsOf = async (changeId: string) =>
  (await stack.entries()).filter((entry) => entry.changeId === changeId).map(({ outcome }) => outcome);

test('a decision that needs a stronger login gets one, and is made', async () => {
  const { path, body, id } = await approval({ authentication: { methods: ['mfa'] } });
  const bob = await bobAtTerminal({ user: 'bob', mfa: 'true' });
  // Judged good enough: there is only no workflow behind the stored change.
  await expect(bob.client.post(path, body)).rejects.toMatchObject({ code: 'change_closed' });
  expect(await refusalsOf(id)).toEqual(['stronger_authentication_needed', 'change_closed']);
  expect(bob.opened).toHaveLength(1);
  // The provider had a session of bob's, and has asked him all the same.
  expect(new URL(bob.opened[0] ?? '').searchParams.get('max_age')).toBe('0');
  expect(bob.told).toEqual([expect.stringContaining('expected a login by mfa')]);
});

test('what the policy asks for is what the provider is asked for', async () => {
  const { path, body } = await approval({ authentication: { methods: ['acr:gold'], maxAgeSeconds: 600 } });
  const bob = await bobAtTerminal({ user: 'bob', mfa: 'true' });
  // The demo provider has no such context: refused again, and nobody is asked a second time.
  const weak = { code: 'stronger_authentication_needed' };
  await expect(bob.client.post(path, body)).rejects.toMatchObject(weak);
  await expect(bob.client.post(path, body)).rejects.toMatchObject(weak);
  expect(bob.opened).toHaveLength(1);
  const asked = new URL(bob.opened[0] ?? '').searchParams;
  expect([asked.get('acr_values'), asked.get('max_age')]).toEqual(['gold', '600']);
});

test('nobody else’s login stands in for the person whose call it was', async () => {
  const { path, body, id } = await approval({ authentication: { methods: ['mfa'] } });
  const bob = await bobAtTerminal(
    { user: 'bob' },
    {
      logIn: (kept, strength) => logIn(kept, strength, wayAs({ user: 'carol', mfa: 'true' }).way),
    },
  );
  const before = await bob.tokens();
  await expect(bob.client.post(path, body)).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(await refusalsOf(id)).toEqual(['stronger_authentication_needed']);
  expect(await bob.tokens()).toEqual(before);
});

test('where nobody can be asked, the command that helps is told', async () => {
  const { path, body } = await approval({ authentication: { methods: ['acr:gold'], maxAgeSeconds: 600 } });
  const bob = await bobAtTerminal({ user: 'bob' }, { logIn: null });
  await expect(bob.client.post(path, body)).rejects.toMatchObject({ code: 'stronger_authentication_needed' });
  expect(bob.told).toEqual([
    "a stronger login is needed: countersign login --max-age 600 --acr-values 'gold'",
  ]);
});

test('a context of whatever name is one word of that command', async () => {
  const { path, body } = await approval({
    authentication: { methods: ["acr:gold';id;'"], maxAgeSeconds: 600 },
  });
  const bob = await bobAtTerminal({ user: 'bob' }, { logIn: null });
  await expect(bob.client.post(path, body)).rejects.toMatchObject({ code: 'stronger_authentication_needed' });
  const [, command = ''] = bob.told[0]?.split('needed: ') ?? [];
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    `countersign() { printf '<%s>' "$@"; }; ${command}`,
  ]);
  expect(stdout).toBe("<login><--max-age><600><--acr-values><gold';id;'>");
});

test('a renewed token is as old as its login', async () => {
  const bob = await bobAtTerminal({ user: 'bob' }, { now: () => Date.now() + 3_600_000 });
  const first = await bob.tokens();
  await bob.client.get('/v1/operations');
  const second = await bob.tokens();
  expect(second?.accessToken).not.toBe(first?.accessToken);
  const authTimeOf = (token = '') =>
    (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { auth_time: number })
      .auth_time;
  expect(authTimeOf(second?.accessToken)).toBe(authTimeOf(first?.accessToken));
});

test('who does not come back in time is not waited for', async () => {
  const opened: string[] = [];
  const way: Way = {
    fetch: globalThis.fetch,
    tell: () => undefined,
    open: (a) => opened.push(a),
    patienceMs: 100,
  };
  await expect(logIn(loginAt(stack.testbed.identity.issuer), {}, way)).rejects.toMatchObject({
    code: 'unauthenticated',
    message: expect.stringContaining('in time') as unknown,
  });
  const back = new URL(opened[0] ?? '').searchParams.get('redirect_uri') ?? '';
  await expect(fetch(back)).rejects.toThrow();
});

test('a code that nobody enters expires', async () => {
  const home = await temporaryHome();
  const identity = await startIdentityProvider({ home, audience: 'countersign', deviceCodeTtlSeconds: 1 });
  onTestFinished(() => identity.stop());
  const { way } = wayAs({});
  await expect(logIn(loginAt(identity.issuer, { device: true }), {}, way)).rejects.toMatchObject({
    code: 'unauthenticated',
    message: expect.stringContaining('expired') as unknown,
  });
});

test('a provider that says slow down is asked more slowly', async () => {
  const asked: number[] = [];
  const told: string[] = [];
  const way: Way = {
    // The demo provider never says so.
    async fetch(input, init) {
      if (!addressOf(input).endsWith('/token')) return fetch(input, init);
      asked.push(performance.now());
      if (asked.length > 1) return fetch(input, init);
      return Response.json({ error: 'slow_down' }, { status: 400 });
    },
    tell: (line) => told.push(line),
    open: () => undefined,
    patienceMs,
  };
  const login = logIn(loginAt(stack.testbed.identity.issuer, { device: true }), {}, way);
  const browser = headlessBrowser();
  const address = await eventually(() => Promise.resolve(/at (\S+), if/.exec(told.join('\n'))?.[1] ?? null));
  const confirm = await browser.submit(await browser.visit(address));
  await browser.submit(await browser.submit(confirm), { user: 'erin' });
  expect(await login).toMatchObject({ subject: 'erin' });
  // 5 s is the interval where none is named, and 5 s are added (RFC 8628 §3.5).
  expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThan(9_900);
});

test.each([
  ['authorization_endpoint', 'http://id.example/auth'],
  ['authorization_endpoint', 'file:///etc/passwd'],
  ['token_endpoint', 'http://id.example/token'],
])('a provider whose %s is %s is not followed', async (member, address) => {
  const opened: string[] = [];
  const asked: string[] = [];
  const way: Way = {
    async fetch(input, init) {
      asked.push(addressOf(input));
      const response = await fetch(input, init);
      if (!addressOf(input).endsWith('openid-configuration')) return response;
      return Response.json({ ...((await response.json()) as object), [member]: address });
    },
    tell: () => undefined,
    open(page) {
      opened.push(page);
      void headlessBrowser()
        .logIn(page, { user: 'bob' })
        .catch(() => undefined);
    },
    patienceMs,
  };
  await expect(logIn(loginAt(stack.testbed.identity.issuer), {}, way)).rejects.toMatchObject({
    code: 'identity_unavailable',
  });
  expect(opened).toHaveLength(member === 'token_endpoint' ? 1 : 0);
  expect(asked).not.toContain(address);
});
