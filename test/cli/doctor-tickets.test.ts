import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineSystems, examineTicket } from '../../cli/doctor-tickets.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { openIntegrations } from '../../cli/integrations.ts';
import { openTicketReaders } from '../../cli/ticket-readers.ts';
import type { ReaderMakers } from '../../cli/ticket-readers.ts';
import { temporaryHome } from '../support/stack.ts';
import { startTicketSystem } from '../support/ticket-system.ts';
import type { TestTicketSystem } from '../support/ticket-system.ts';

let home: string;
let system: TestTicketSystem;
let secrets: string[];
let makers: ReaderMakers;

beforeAll(async () => {
  [home, system] = await Promise.all([temporaryHome(), startTicketSystem()]);
  system.put('OPS-1', { fields: { ci: 'cn/1/2', other: 'x' }, summary: 'line\u001b[2J 4' });
  secrets = [];
  makers = {
    jira: (name, { url }, { secret }) => {
      secrets.push(secret);
      return system.reader(name, url);
    },
  };
});
afterAll(async () => {
  await system.close();
  await rm(home, { recursive: true, force: true });
});

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(home, name), text);
  return join(home, name);
}

/** An environment with one system of each kind, whose secret is in a file. */
async function environment(secret = 's3cret\n', url = system.url) {
  const secretFile = await file('token', secret);
  return readEnvironment({
    COUNTERSIGN_INTEGRATIONS: await file(
      'integrations.yaml',
      `systems:\n  ops: { kind: jira, url: "${url}", read: { secretFile: "${secretFile}" } }\n` +
        `  chat: { kind: slack, team: T1, channel: C1 }\n`,
    ),
    COUNTERSIGN_POLICY: await file(
      'policy.yaml',
      'policies:\n  - name: one\n    version: "1"\n    stages: [{ name: s, groups: [{ anyApprover: true, threshold: 1 }] }]\n' +
        '    ticket: { system: ops, sameTarget: ci }\n',
    ),
  });
}

test('each system: whether it answers, as whom, and with which rights', async () => {
  expect(await examineSystems(await environment(), makers)).toEqual([
    { name: 'jira ops', ok: true, found: 'answers as The Reader (reader); may read tickets', remedy: '' },
    { name: 'slack chat', ok: true, found: 'configured; nothing but a message would tell', remedy: '' },
  ]);
  expect(secrets.at(-1)).toBe('s3cret');
  expect(await examineSystems(readEnvironment({}), makers)).toEqual([]);
});

test('a system that a policy asks for and that is not there', async () => {
  const { COUNTERSIGN_POLICY } = await environment();
  const env = readEnvironment({ COUNTERSIGN_POLICY });
  expect(await examineSystems(env, makers)).toMatchObject([
    { name: 'Tickets of policies', ok: false, found: expect.stringContaining('tickets of ops') as string },
  ]);
});

test('a chat is no system that tickets are read of', async () => {
  const { COUNTERSIGN_INTEGRATIONS, COUNTERSIGN_POLICY } = await environment();
  await writeFile(
    COUNTERSIGN_POLICY ?? '',
    (await readFile(COUNTERSIGN_POLICY ?? '', 'utf8')).replace('system: ops', 'system: chat'),
  );
  const env = readEnvironment({ COUNTERSIGN_INTEGRATIONS, COUNTERSIGN_POLICY });
  expect(await examineSystems(env, makers)).toContainEqual(
    expect.objectContaining({ name: 'Tickets of policies', ok: false }),
  );
});

test('a system that does not answer, or has no secret, is named with a remedy, and without an address', async () => {
  const [away] = await examineSystems(await environment('s', 'http://127.0.0.1:1'), makers);
  expect(away).toMatchObject({ name: 'jira ops', ok: false, found: 'no answer' });
  const [empty] = await examineSystems(await environment(' \n'), makers);
  expect(empty).toMatchObject({
    ok: false,
    found: expect.stringContaining('token must hold a secret') as string,
  });
  const [two] = await examineSystems(await environment('one\ntwo\n'), makers);
  expect(two?.found).not.toContain('two');
  const wrong = readEnvironment({
    COUNTERSIGN_INTEGRATIONS: await file('wrong.yaml', 'systems: { x: { kind: y } }'),
  });
  expect(await examineSystems(wrong, makers)).toMatchObject([{ name: 'Integrations', ok: false }]);
});

test('what is read of a ticket, with the fields that the policies look at', async () => {
  const env = await environment();
  const { ok, found } = await examineTicket(env, 'ops:OPS-1', makers);
  expect(ok).toBe(true);
  expect(found).toContain('OPS-1 (id OPS-1), Change in OPS');
  expect(found).toContain('Scheduled (new); asks for no approval; ci: cn/1/2; version 1');
  expect(found).not.toContain('\u001b');
  expect(await examineTicket(env, 'ops:OPS-2', makers)).toMatchObject({ ok: false });
  for (const named of ['other:OPS-1', 'ops', 'chat:OPS-1', 'constructor:x']) {
    expect(await examineTicket(env, named, makers)).toMatchObject({
      ok: false,
      remedy: expect.stringContaining('jira:OPS-4711') as string,
    });
  }
});

test('the worker has a reader for each system that has tickets', async () => {
  const env = await environment();
  expect(Object.keys(await openTicketReaders(env, await openIntegrations(env), makers))).toEqual(['ops']);
  const none = readEnvironment({});
  expect(await openTicketReaders(none, await openIntegrations(none), makers)).toEqual({});
});
