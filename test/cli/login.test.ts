import { chmod, copyFile, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { profileFile } from '../../cli/login/profile-file.ts';
import { DEMO_CLI_CLIENT_ID } from '../../embedded/demo-provider.ts';
import { freePort } from '../../embedded/free-port.ts';
import { startIdentityProvider } from '../../embedded/identity-provider.ts';
import { startApiStack } from '../api/api-stack.ts';
import type { ApiStack } from '../api/api-stack.ts';
import { headlessBrowser } from '../support/headless-browser.ts';
import { startProxy } from '../support/proxy.ts';
import { temporaryHome } from '../support/stack.ts';
import { personalMachine } from './logged-in.ts';
import type { PersonalMachine } from './logged-in.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

const past = '2026-01-01T00:00:00.000Z';

async function machineOfTest(api = stack.api.url, env: NodeJS.ProcessEnv = {}): Promise<PersonalMachine> {
  const machine = await personalMachine(api, env);
  onTestFinished(() => machine.remove());
  return machine;
}

/** A server of a test's own, and the requests that it got. */
async function serve(server: Server, answer: RequestListener) {
  const asked: IncomingMessage[] = [];
  server.on('request', (req: IncomingMessage, res) => {
    asked.push(req);
    answer(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { asked, port, url: `http://127.0.0.1:${port}` };
}

test('somebody logs in by a browser, works without a token, and logs out', async () => {
  const machine = await machineOfTest();
  const before = await machine.run(['change', 'list']).exited;
  expect(before).toMatchObject({ code: 1, answer: { code: 'unauthenticated' } });
  expect(before.told).toContain('countersign login');

  const { code, answer, page } = await machine.logIn({ user: 'bob' });
  expect([code, page.status]).toEqual([0, 200]);
  expect(page.text).toContain('You are logged in');
  expect(answer).toMatchObject({
    api: stack.api.url,
    issuer: stack.testbed.identity.issuer,
    subject: 'bob',
    roles: ['approver'],
    groups: ['operations'],
    isRenewed: true,
  });
  expect(Date.parse(String(answer['expiresAt']))).toBeGreaterThan(Date.now());
  expect((await stat(machine.folder)).mode & 0o777).toBe(0o700);
  expect((await stat(await machine.fileOf())).mode & 0o777).toBe(0o600);

  expect((await machine.run(['change', 'list', '--awaiting-me']).exited).code).toBe(0);
  // What names somebody comes before the login.
  const COUNTERSIGN_TOKEN = await stack.testbed.identity.tokenFor('dave');
  expect((await machine.run(['whoami'], { COUNTERSIGN_TOKEN }).exited).answer['subject']).toBe('dave');
  const asErin = machine.run(['whoami', '--as', 'erin'], { OIDC_ISSUER: stack.testbed.identity.issuer });
  expect((await asErin.exited).answer['subject']).toBe('erin');

  const { tokens } = await machine.profile();
  expect((await machine.run(['logout']).exited).answer).toMatchObject({ wasLoggedIn: true, revoked: true });
  expect(await machine.profile()).toMatchObject({ clientId: DEMO_CLI_CLIENT_ID, tokens: null });
  const renewal = await fetch(`${stack.testbed.identity.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: DEMO_CLI_CLIENT_ID,
      refresh_token: tokens?.refreshToken ?? '',
    }),
  });
  expect(await renewal.json()).toMatchObject({ error: 'invalid_grant' });
  expect((await machine.run(['logout']).exited).answer).toMatchObject({ wasLoggedIn: false });
  expect((await machine.run(['change', 'list']).exited).answer).toMatchObject({ code: 'unauthenticated' });
});

test('what comes back with another state, elsewhere or twice ends nothing', async () => {
  const machine = await machineOfTest();
  const login = machine.run(['login', '--no-browser']);
  const address = await login.heard(/^log in at (\S+)$/m);
  const back = new URL(new URL(address).searchParams.get('redirect_uri') ?? '');
  const answers = async (more: string, init: RequestInit = {}) =>
    (await fetch(`${back.href}${more}`, init)).status;
  const state = new URL(address).searchParams.get('state') ?? '';
  expect(await answers('?code=stolen&state=guessed')).toBe(400);
  expect(await answers('?code=stolen')).toBe(400);
  expect(await answers(`?code=stolen&state=${state}&state=${state}`)).toBe(400);
  expect(await answers('?error=access_denied&state=guessed')).toBe(400);
  expect(await answers(`/more?code=stolen&state=${state}`)).toBe(404);
  expect(await answers(`?code=stolen&state=${state}`, { method: 'POST' })).toBe(405);
  const page = await headlessBrowser().logIn(address, { user: 'alice' });
  expect(page.status).toBe(200);
  expect(await login.exited).toMatchObject({ code: 0, answer: { subject: 'alice' } });
  await expect(fetch(back)).rejects.toThrow();
});

test('a code that another login got is of no use', async () => {
  const [mine, theirs] = [await machineOfTest(), await machineOfTest()];
  const [login, other] = [mine.run(['login', '--no-browser']), theirs.run(['login', '--no-browser'])];
  const address = new URL(await login.heard(/^log in at (\S+)$/m));
  // Somebody brings their own code back to my port, with my state: it was bound to their verifier.
  const swapped = new URL(await other.heard(/^log in at (\S+)$/m));
  for (const name of ['state', 'redirect_uri'])
    swapped.searchParams.set(name, address.searchParams.get(name) ?? '');
  expect((await headlessBrowser().logIn(swapped.href, { user: 'erin' })).text).toContain(
    'You are not logged in',
  );
  expect(await login.exited).toMatchObject({ code: 1, answer: { code: 'unauthenticated' } });
  await expect(mine.profile()).rejects.toThrow();
  other.child.kill();
  await other.exited;
});

test('whoever cancels is not logged in, and an earlier login stays', async () => {
  const machine = await machineOfTest();
  await machine.logIn({ user: 'bob' });
  const { code, answer, page } = await machine.logIn({ cancel: 'true' });
  expect([code, answer['code'], page.status]).toEqual([1, 'unauthenticated', 400]);
  expect(answer['message']).toContain('access_denied');
  expect(page.text).toContain('You are not logged in');
  expect((await machine.run(['whoami']).exited).answer['subject']).toBe('bob');
});

test('a port that is in use is named; the next login comes back to the port of the last one', async () => {
  const machine = await machineOfTest();
  const other = await serve(createServer(), (_req, res) => res.end());
  const taken = await machine.run(['login', '--no-browser', '--port', String(other.port)]).exited;
  expect(taken).toMatchObject({ code: 4, answer: { code: 'invalid_configuration' } });
  expect(taken.answer['message']).toContain(`port ${other.port} is in use`);
  const port = await freePort();
  expect(await machine.logIn({ user: 'bob' }, '--port', String(port))).toMatchObject({ code: 0 });
  const again = machine.run(['login', '--no-browser']);
  const address = new URL(await again.heard(/^log in at (\S+)$/m));
  expect(address.searchParams.get('redirect_uri')).toBe(`http://127.0.0.1:${port}/callback`);
  again.child.kill();
  await again.exited;
});

test('a client that is not named, or that the provider does not know, is told of', async () => {
  const machine = await machineOfTest();
  const unnamed = await machine.run(['login', '--no-browser'], { COUNTERSIGN_CLIENT_ID: '' }).exited;
  expect(unnamed).toMatchObject({
    code: 4,
    answer: { code: 'invalid_configuration', errors: [{ field: 'COUNTERSIGN_CLIENT_ID' }] },
  });
  const unknown = machine.run(['login', '--device'], { COUNTERSIGN_CLIENT_ID: 'nobody' });
  expect(await unknown.exited).toMatchObject({ code: 4, answer: { code: 'invalid_configuration' } });
  // Without device flow, and with another redirect.
  const other = machine.run(['login', '--device'], { COUNTERSIGN_CLIENT_ID: 'countersign-demo' });
  expect(await other.exited).toMatchObject({ code: 4, answer: { code: 'invalid_configuration' } });
});

test('somebody logs in by a browser on another device', async () => {
  const machine = await machineOfTest();
  const login = machine.run(['login', '--device']);
  const [address, userCode] = [
    await login.heard(/^log in at (\S+) and enter \S+$/m),
    await login.heard(/^log in at \S+ and enter (\S+)$/m),
  ];
  const browser = headlessBrowser();
  const wrong = await browser.submit(await browser.visit(address), { user_code: 'BBBB-BBBB' });
  expect(wrong.text).toContain('cannot be used');
  const asked = await browser.submit(wrong, { user_code: userCode });
  expect(asked.text).toContain(userCode);
  const page = await browser.submit(await browser.submit(asked), { user: 'carol' });
  expect(page.text).toContain('Logged in');
  expect(await login.exited).toMatchObject({ code: 0, answer: { subject: 'carol', isRenewed: true } });
  expect((await machine.profile()).device).toBe(true);
});

test('whoever says no on the other device logs nobody in', async () => {
  const machine = await machineOfTest();
  const login = machine.run(['login', '--device']);
  const browser = headlessBrowser();
  // The page sends its form by itself.
  const asked = await browser.submit(await browser.visit(await login.heard(/^or at (\S+), if/m)));
  await browser.submit(asked, { abort: 'yes' });
  const { code, answer } = await login.exited;
  expect([code, answer['code'], answer['message']]).toEqual([
    1,
    'unauthenticated',
    expect.stringContaining('access_denied'),
  ]);
});

test('of processes that find the token ended at the same time, one renews it', async () => {
  const machine = await machineOfTest();
  await machine.logIn({ user: 'bob' });
  const first = (await machine.profile()).tokens;
  await machine.keep({ expiresAt: past });
  const all = await Promise.all(Array.from({ length: 4 }, () => machine.run(['whoami']).exited));
  expect(all.map(({ code, answer }) => [code, answer['subject']])).toEqual(Array(4).fill([0, 'bob']));
  const second = (await machine.profile()).tokens;
  expect(second?.refreshToken).not.toBe(first?.refreshToken);
  expect(Date.parse(second?.expiresAt ?? '')).toBeGreaterThan(Date.now());
  // Had a second one shown the same token, the provider would have ended the login.
  await machine.keep({ expiresAt: past });
  expect(await machine.run(['whoami']).exited).toMatchObject({ code: 0, answer: { subject: 'bob' } });
  expect((await stat(await machine.fileOf())).mode & 0o777).toBe(0o600);
});

test('a token that the API takes no longer is renewed, and the call made again', async () => {
  const machine = await machineOfTest();
  await machine.logIn({ user: 'bob' });
  await machine.keep({ accessToken: await stack.testbed.identity.tokenFor('bob', { exp: 1_700_000_000 }) });
  expect(await machine.run(['change', 'list']).exited).toMatchObject({ code: 0 });
});

test('a login that the provider has ended is over, and its tokens are forgotten', async () => {
  const machine = await machineOfTest();
  await machine.logIn({ user: 'bob' });
  await machine.keep({ expiresAt: past, refreshToken: 'known-to-nobody' });
  const over = await machine.run(['whoami']).exited;
  expect(over).toMatchObject({ code: 1, answer: { code: 'unauthenticated' } });
  expect(over.answer['message']).toContain('the login is over');
  expect((await machine.profile()).tokens).toBeNull();
});

test('while the provider is away a token that still holds is shown, and nothing is forgotten', async () => {
  const home = await temporaryHome();
  const identity = await startIdentityProvider({ home, audience: 'countersign' });
  const { port } = identity;
  const api = await serve(createServer(), (req, res) => {
    const metadata = { resource: 'x', authorization_servers: [identity.issuer] };
    res.writeHead(req.url === '/v1/operations' || req.url?.startsWith('/.well-known') ? 200 : 404);
    res.end(
      JSON.stringify(req.url?.startsWith('/.well-known') ? metadata : { items: [], code: 'not_found' }),
    );
  });
  const machine = await machineOfTest(api.url);
  await machine.logIn({ user: 'bob' });
  await identity.stop();
  await machine.keep({ expiresAt: new Date(Date.now() + 15_000).toISOString() });
  expect((await machine.run(['change', 'operations']).exited).code).toBe(0);
  await machine.keep({ expiresAt: past });
  expect(await machine.run(['change', 'operations']).exited).toMatchObject({
    code: 1,
    answer: { code: 'identity_unavailable' },
  });
  const out = await machine.run(['logout']).exited;
  expect(out).toMatchObject({ code: 1, answer: { code: 'identity_unavailable' } });
  expect(out.answer['message']).toContain('logged out here');
  expect((await machine.profile()).tokens).toBeNull();
  const again = await startIdentityProvider({ home, audience: 'countersign', port });
  await again.stop();
});

test('a login is for one API: no other address is shown its token', async () => {
  const other = await serve(createServer(), (_req, res) => res.end('{"items":[],"nextCursor":null}'));
  const machine = await machineOfTest();
  await machine.logIn({ user: 'bob' });
  const COUNTERSIGN_URL = other.url;
  for (const command of [['change', 'list'], ['whoami'], ['change', 'watch', 'x']]) {
    const refused = await machine.run(command, { COUNTERSIGN_URL }).exited;
    expect(refused).toMatchObject({ code: 1, answer: { code: 'unauthenticated' } });
  }
  // A profile under the name of another one's file is none.
  await copyFile(await machine.fileOf(), profileFile(machine.folder, other.url));
  const copied = await machine.run(['change', 'list'], { COUNTERSIGN_URL }).exited;
  expect(copied).toMatchObject({ code: 4, answer: { code: 'invalid_configuration' } });
  expect(other.asked).toEqual([]);
});

test('an API that leads elsewhere does not take the token there', async () => {
  const other = await serve(createServer(), (_req, res) => res.end('{"items":[],"nextCursor":null}'));
  const leading = await serve(createServer(), (req, res) => {
    if (req.url?.startsWith('/.well-known')) {
      res.end(JSON.stringify({ authorization_servers: [stack.testbed.identity.issuer] }));
      return;
    }
    res.writeHead(307, { location: `${other.url}${req.url ?? ''}` }).end();
  });
  const machine = await machineOfTest(leading.url);
  await machine.logIn({ user: 'bob' });
  await machine.run(['change', 'list']).exited;
  expect(leading.asked.at(-1)?.headers.authorization).toMatch(/^Bearer /);
  expect(other.asked.map(({ headers }) => headers.authorization)).not.toContainEqual(expect.anything());
});

test('tokens that others may read, or could have put there, are not used', async () => {
  const machine = await machineOfTest();
  await machine.logIn({ user: 'bob' });
  const file = await machine.fileOf();
  for (const [path, mode, good] of [
    [file, 0o644, 0o600],
    [file, 0o620, 0o600],
    [machine.folder, 0o755, 0o700],
  ] as const) {
    await chmod(path, mode);
    const refused = await machine.run(['whoami']).exited;
    expect(refused).toMatchObject({ code: 4, answer: { code: 'invalid_configuration' } });
    expect(refused.answer['message']).toContain(path);
    await chmod(path, good);
  }
  expect((await machine.run(['whoami']).exited).code).toBe(0);
});

test('an API elsewhere that names another provider than before is not followed, until that is forgotten', async () => {
  let issuer = stack.testbed.identity.issuer;
  const [key, cert] = await Promise.all(
    ['elsewhere-key.pem', 'elsewhere-certificate.pem'].map((name) =>
      readFile(join(import.meta.dirname, '..', 'support', name)),
    ),
  );
  const api = await serve(createTlsServer({ key, cert }), (req, res) => {
    const known = req.url?.startsWith('/.well-known');
    res.writeHead(known ? 200 : 404);
    res.end(JSON.stringify(known ? { authorization_servers: [issuer] } : { code: 'not_found' }));
  });
  const proxy = await startProxy(api.port);
  const machine = await machineOfTest('https://api.example', {
    HTTPS_PROXY: `http://${proxy.host}`,
    NODE_EXTRA_CA_CERTS: join(import.meta.dirname, '..', 'support', 'elsewhere-certificate.pem'),
  });
  // This API does not say who asks, so the answer is marked as what the token says.
  expect((await machine.logIn({ user: 'bob' })).answer).toMatchObject({ subject: 'bob', isVerified: false });
  const home = await temporaryHome();
  const evil = await startIdentityProvider({ home, audience: 'countersign' });
  onTestFinished(() => evil.stop());
  issuer = evil.issuer;
  const refused = await machine.run(['login', '--no-browser']).exited;
  expect(refused).toMatchObject({ code: 4, answer: { code: 'invalid_configuration' } });
  expect(refused.answer['message']).toContain('logout --forget');
  expect((await machine.run(['logout', '--forget']).exited).code).toBe(0);
  expect((await machine.logIn({ user: 'erin' })).answer).toMatchObject({
    subject: 'erin',
    issuer: evil.issuer,
  });
});

test('a login is sent to no API by plain http, but on this machine', async () => {
  const machine = await machineOfTest('http://api.example');
  expect(await machine.run(['login', '--no-browser']).exited).toMatchObject({
    code: 4,
    answer: { code: 'invalid_configuration' },
  });
});
