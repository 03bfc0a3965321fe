import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../embedded/free-port.ts';
import { eventually } from '../support/service.ts';
import { startConsoleStack } from './console-stack.ts';
import type { ConsoleStack } from './console-stack.ts';
import { makePerson } from './person.ts';

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
let stack: ConsoleStack;

beforeAll(async () => {
  stack = await startConsoleStack();
});

afterAll(() => stack.stop());

/** `countersign console`, as a user runs it. */
function run(env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [main, '--json', 'console'], {
    env: {
      PATH: process.env.PATH,
      COUNTERSIGN_HOME: stack.home,
      CONSOLE_URL: stack.url.origin,
      CONSOLE_PORT: stack.url.port,
      CONSOLE_PAGE: stack.page,
      COUNTERSIGN_URL: stack.api.url,
      DATABASE_URL: stack.testbed.database.url('console'),
      OIDC_ISSUER: stack.identity.issuer,
      LOG_LEVEL: 'debug',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const read = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  return { exited, output: () => output, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

test('it serves, tells its metrics, says no secret in its log, and ends on SIGTERM', async () => {
  const metricsPort = await freePort();
  const running = run({ METRICS_PORT: String(metricsPort) });
  await eventually(
    () => Promise.resolve(running.output().includes('console listens') || null),
    running.output,
  );
  const person = makePerson(stack.url);
  const page = await person.beginLogin('?returnTo=/audit');
  expect((await person.choose(page, 'dave')).url).toBe(`${stack.url.origin}/audit`);
  expect((await person.api('/api/v1/audit/entries')).status).toBe(200);
  await person.visit('/session/callback?code=the-code&state=the-state', { site: 'cross-site' });
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  expect(metrics).toMatch(/^countersign_console_sessions\b.* 1$/m);
  expect(metrics).toMatch(/^countersign_console_logins_total\{.*outcome="done".*\} 1/m);
  expect(metrics).toMatch(/^countersign_console_logins_total\{.*outcome="expired".*\} 1/m);
  expect(metrics).toMatch(/^countersign_console_forwarded_total\{.*status="200".*\} 1/m);
  running.kill('SIGTERM');
  expect(await running.exited).toEqual([0, null]);
  expect(running.output()).toContain('/session/callback');
  const id = person.cookie(stack.cookies.session) ?? 'none';
  const key = (await readFile(join(stack.home, 'console', 'session.key'), 'utf8')).trim();
  for (const secret of ['the-code', 'the-state', 'eyJ', id, key]) {
    expect(running.output()).not.toContain(secret);
  }
});

test.each([
  ['CONSOLE_URL', { CONSOLE_URL: 'http://console.example' }],
  ['CONSOLE_URL', { CONSOLE_URL: 'https://console.example/path' }],
  ['COUNTERSIGN_URL', { COUNTERSIGN_URL: '' }],
  ['OIDC_ISSUER', { OIDC_ISSUER: '' }],
  ['OIDC_ISSUER', { OIDC_ISSUER: 'http://id.example' }],
  ['DATABASE_URL', { DATABASE_URL: '' }],
])('a wrong %s ends it with its name', async (field, env) => {
  const running = run(env);
  expect(await running.exited).toEqual([4, null]);
  expect(JSON.parse(running.output().split('\n')[0] ?? '')).toMatchObject({
    code: 'invalid_configuration',
    errors: [{ field }],
  });
});

test('a login of Postgres that is no process’s own is refused', async () => {
  const running = run({ DATABASE_URL: stack.testbed.database.url('superuser') });
  expect((await running.exited)[0]).toBe(4);
  expect(running.output()).toContain('superuser');
});
