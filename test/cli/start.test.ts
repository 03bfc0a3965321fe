import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { apiClient } from '../../client/api-client.ts';
import type { ChangeView } from '../../api/change-view.ts';
import { fetchDemoToken, startIdentityProvider } from '../../embedded/identity-provider.ts';
import { jsonSchemas } from '../../policies/json-schema.ts';
import { headlessBrowser } from '../support/headless-browser.ts';
import { integrationsSchema } from '../../tickets/json-schema.ts';
import { changeThat, eventually } from '../support/service.ts';
import { temporaryHome } from '../support/stack.ts';

const root = join(import.meta.dirname, '..', '..');

/** The command as a user gives it, in a home of its own. */
function countersign(home: string, ...args: string[]) {
  return countersignOn({}, home, ...args);
}

function countersignOn(more: NodeJS.ProcessEnv, home: string, ...args: string[]) {
  const { DATABASE_URL: _d, TEMPORAL_ADDRESS: _t, OIDC_ISSUER: _o, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, 'cli', 'main.ts'), ...args], {
    cwd: root,
    env: { ...env, COUNTERSIGN_HOME: home, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, exited: once(child, 'exit') as Promise<[number | null]> };
}

async function started(home: string, more: NodeJS.ProcessEnv = {}) {
  const start = countersignOn(more, home, 'start');
  await eventually(
    () => {
      if (start.child.exitCode !== null) throw new Error(start.output());
      return Promise.resolve(start.output().includes('ready after') ? true : null);
    },
    start.output,
    240_000,
  );
  const running = JSON.parse(await readFile(join(home, 'running.json'), 'utf8')) as {
    api: string;
    console: string;
    issuer: string;
  };
  const as = async (user: string) => apiClient(running.api, await fetchDemoToken(running.issuer, user));
  return { ...start, as, api: running.api, console: running.console };
}

test(
  'start, demo, Ctrl-C, start again: what was pending can still be approved',
  { timeout: 600_000 },
  async () => {
    // A folder that is not there yet, as in a new clone.
    const home = join(await temporaryHome(), '.countersign');
    // Somebody else's, and busy when the API comes: it goes elsewhere, and says where.
    const other = createServer((_req, res) => res.end('{}'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const first = await started(home, { PORT: String(port) });
    expect(new URL(first.api).port).not.toBe(String(port));
    other.close();
    // The console runs beside it, on the database that is its own, and reaches the API and the provider.
    expect(first.console).toMatch(/^http:\/\/localhost:\d+$/);
    expect(first.output()).toContain(`Console            ${first.console}`);
    const ready = (await (await fetch(`${first.console}/readyz`)).json()) as object;
    expect(ready).toMatchObject({ postgres: true, api: true, identity: true });
    // Temporal's own page finds the codec server there, and no other page does.
    const [, ui = ''] = /web UI (\S+)/.exec(first.output()) ?? [];
    const preflight = (origin: string) =>
      fetch(`${first.console}/codec/decode`, { method: 'OPTIONS', headers: { origin } });
    expect(ui).toMatch(/^http:\/\/localhost:\d+$/);
    expect((await preflight(ui)).headers.get('access-control-allow-origin')).toBe(ui);
    expect((await preflight('http://localhost:1')).status).toBe(403);
    const settings = (await (await fetch(`${ui}/api/v1/settings`)).json()) as { Codec: { Endpoint: string } };
    // One that the server names would leave the browser no switch for credentials: people set it there.
    expect(settings.Codec.Endpoint).toBe('');
    expect(first.output()).toContain(`${first.console}/codec`);
    // The provider knows it as a client, and asks who it is.
    const leads = async (address: string) => {
      const sent = { redirect: 'manual', headers: { 'sec-fetch-site': 'none' } } as const;
      return (await fetch(address, sent)).headers.get('location') ?? '';
    };
    expect(await leads(await leads(`${first.console}/session/login`))).toContain('/interaction/');
    // The policy file names the schema beside it.
    const [modeline = ''] = (await readFile(join(home, 'policy.yaml'), 'utf8')).split('\n');
    const schema = modeline.replace('# yaml-language-server: $schema=', '');
    expect(JSON.parse(await readFile(join(home, schema), 'utf8'))).toEqual(
      jsonSchemas()['policy.schema.json'],
    );
    const [, named = ''] =
      /\$schema=(.*)/.exec(await readFile(join(home, 'systems', 'integrations.yaml'), 'utf8')) ?? [];
    expect(JSON.parse(await readFile(join(home, 'systems', named), 'utf8'))).toEqual(integrationsSchema());
    const demo = countersign(home, 'demo');
    expect([(await demo.exited)[0], demo.output()]).toEqual([0, expect.stringContaining('change.closed')]);
    expect(demo.output()).toMatch(new RegExp(`people find it at ${first.console}/changes/[0-9a-f-]{36}`));
    const requestIds = demo.output().match(/RequestId [0-9A-F-]{36}/g) ?? [];
    expect(new Set(requestIds).size).toBeGreaterThanOrEqual(4);
    expect(demo.output()).toMatch(/attempt 1 +failed 500 InternalError/);
    expect(demo.output()).toMatch(/attempt 3 +succeeded 200/);

    const ticketed = countersign(home, 'demo', '--ticket');
    expect([(await ticketed.exited)[0], ticketed.output()]).toEqual([
      0,
      expect.stringContaining('ticket OPS-1 is Done'),
    ]);
    expect(ticketed.output()).toMatch(/approve +bob at/);
    expect(ticketed.output()).toMatch(/Outcome: succeeded .* RequestId [0-9A-F-]{36}\./);

    // The stack knows its own client: nothing has to be set.
    const person = { HOME: home, XDG_CONFIG_HOME: join(home, 'dave') };
    const login = countersignOn(person, home, 'login', '--no-browser');
    const address = await eventually(
      () => Promise.resolve(/^log in at (\S+)$/m.exec(login.output())?.[1] ?? null),
      login.output,
    );
    await headlessBrowser().logIn(address, { user: 'dave' });
    expect([(await login.exited)[0], login.output()]).toEqual([
      0,
      expect.stringContaining('dave (Dave Draper)'),
    ]);
    const whoami = countersignOn(person, home, 'whoami');
    expect([(await whoami.exited)[0], whoami.output()]).toEqual([
      0,
      expect.stringContaining('roles       auditor'),
    ]);

    const listed = countersign(home, '--json', 'change', 'list', '--as', 'dave');
    expect((await listed.exited)[0]).toBe(0);
    expect(JSON.parse(listed.output())).toMatchObject({
      items: [
        { operation: 'ActiveCaCertificate', executionStatus: 'succeeded', ticket: { id: 'OPS-1' } },
        { operation: 'InactivateDeviceCertificate', executionStatus: 'succeeded' },
        { operation: 'ActiveCaCertificate', executionStatus: 'succeeded' },
      ],
    });

    const alice = await first.as('alice');
    const asked = await alice.post<ChangeView>(
      '/v1/changes',
      {
        operation: 'ActiveCaCertificate',
        input: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-demo00001', sn: '007269004887000001' },
        justification: 'kept over a restart',
      },
      { 'Idempotency-Key': randomUUID() },
    );
    await changeThat(alice, asked.id, (c) => c.digest !== null);
    const askedAt = Date.now();
    first.child.kill('SIGINT');
    expect((await first.exited)[0]).toBe(0);
    expect(Date.now() - askedAt).toBeLessThan(30_000);

    const second = await started(home, { PORT: String(port) });
    // Where they were the last time.
    expect([second.api, second.console]).toEqual([first.api, first.console]);
    const [bob, again] = [await second.as('bob'), await second.as('dave')];
    const seen = await again.change(asked.id);
    expect(seen.decisionStatus).toBe('pending');
    await bob.post(`/v1/changes/${asked.id}/decisions`, {
      decision: 'approve',
      digest: seen.digest,
      comment: '',
    });
    // The demo's certificates live in the simulator's memory and were made anew: the same target, the same digest.
    const end = await changeThat(again, asked.id, (c) => c.closedAt !== null);
    expect(end.executionStatus).toBe('succeeded');
    second.child.kill('SIGINT');
    await second.exited;
    await rm(home, { recursive: true, force: true });
  },
);

test(
  'beside a provider of one’s own there are no demo people, and the demo says so',
  { timeout: 600_000 },
  async () => {
    const [home, elsewhere] = [await temporaryHome(), await temporaryHome()];
    const identity = await startIdentityProvider({ home: elsewhere, audience: 'countersign' });
    const start = await started(home, { OIDC_ISSUER: identity.issuer });
    expect(start.output()).not.toMatch(/token alice|npm run demo|erin/);
    expect(start.output()).toMatch(/log in with .* login .*COUNTERSIGN_CLIENT_ID/);
    for (const command of [
      ['demo'],
      ['demo', '--ticket'],
      ['token', 'alice'],
      ['change', 'list', '--as', 'bob'],
    ]) {
      const refused = countersign(home, ...command);
      expect([(await refused.exited)[0], refused.output()]).toEqual([
        4,
        expect.stringContaining(identity.issuer),
      ]);
    }
    // A part that dies takes the others along, and it is told how it died.
    const { stdout: processes } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
    const worker = new RegExp(`^ *(\\d+) +${start.child.pid ?? ''} .*main\\.ts worker$`, 'm').exec(
      processes,
    )?.[1];
    process.kill(Number(worker), 'SIGKILL');
    expect((await start.exited)[0]).toBe(1);
    expect(start.output()).toContain('stopping: worker was ended by the signal SIGKILL');
    await identity.stop();
    await Promise.all([home, elsewhere].map((folder) => rm(folder, { recursive: true, force: true })));
  },
);

test('a wrong variable stops a process with its name and rule', async () => {
  const home = await temporaryHome();
  const child = spawn(process.execPath, [join(root, 'cli', 'main.ts'), '--json', 'api'], {
    env: { PATH: process.env.PATH, COUNTERSIGN_HOME: home, PORT: 'eighty' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(4);
  expect(JSON.parse(output)).toMatchObject({ code: 'invalid_configuration', errors: [{ field: 'PORT' }] });
  await rm(home, { recursive: true, force: true });
});

test('start refuses the data of an older format before anything starts, with the remedy', async () => {
  const home = await temporaryHome();
  await mkdir(join(home, 'postgres'));
  const start = countersign(home, 'start');
  expect((await start.exited)[0]).toBe(4);
  expect(start.output()).toMatch(/^countersign: .* has the data of another version .* move the folder away/);
  expect(await readdir(home)).toEqual(['postgres']);
  await rm(home, { recursive: true, force: true });
});
