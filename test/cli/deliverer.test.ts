import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { startDingTalk } from '../../simulator/dingtalk/server.ts';
import { demoApp } from '../../simulator/dingtalk/settings.ts';
import { freePort } from '../../embedded/free-port.ts';
import type { JsonObject } from '../../domain/json.ts';
import { webhookSecret } from '../support/receiver.ts';
import { temporaryHome } from '../support/stack.ts';
import { startHookServer } from '../tickets/webhook/hook-server.ts';
import { startOutboxTestbed, until } from '../tickets/outbox/outbox-testbed.ts';
import type { OutboxTestbed } from '../tickets/outbox/outbox-testbed.ts';

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
let testbed: OutboxTestbed;
let home: string;
beforeAll(async () => {
  home = await temporaryHome();
  await writeFile(join(home, 'secret'), `${webhookSecret}\n`);
  await writeFile(join(home, 'short'), 'whsec_c2hvcnQ=');
  testbed = await startOutboxTestbed();
});
afterAll(async () => {
  await testbed.stop();
  await rm(home, { recursive: true, force: true });
});

/** `countersign deliverer` with a file that says this. */
async function deliverer(integrations: string | null, env: NodeJS.ProcessEnv = {}) {
  const file = join(home, 'integrations.yaml');
  if (integrations !== null) await writeFile(file, integrations);
  const child = spawn(process.execPath, [main, 'deliverer'], {
    env: {
      PATH: process.env.PATH,
      COUNTERSIGN_HOME: home,
      ...(integrations === null ? {} : { COUNTERSIGN_INTEGRATIONS: file }),
      DATABASE_URL: testbed.database.url('deliverer'),
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
  return { file, exited, output: () => output, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

function subscription(name: string, url: string, secret = 'secret', more = ''): string {
  return `  - name: ${name}
    to: { webhook: { url: '${url}', secretFiles: ['${join(home, secret)}'], allowNetworks: [127.0.0.0/8] } }
${more}`;
}

test('it brings entries to the file’s subscriptions, reads the file again, tells its metrics, and ends', async () => {
  const [one, two] = [await startHookServer(), await startHookServer()];
  onTestFinished(async () => {
    await one.stop();
    await two.stop();
  });
  const port = await freePort(0);
  const running = await deliverer(`subscriptions:\n${subscription('one', one.url)}`, {
    METRICS_PORT: String(port),
  });
  await until(() => /subscriptions read/.test(running.output()));
  const changes = await testbed.ask(3);
  await until(() => one.received.length === 3);
  await writeFile(
    running.file,
    `subscriptions:\n${subscription('one', one.url)}${subscription('two', two.url, 'secret', "    filter: { types: ['attempt.*'] }\n")}`,
  );
  running.kill('SIGHUP');
  await until(() => /"two"/.test(running.output()));
  await testbed.add(changes);
  await until(() => one.received.length === 6 && two.received.length === 3);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(metrics).toMatch(/countersign_deliveries_total\{subscription="one"[^}]*\} 6/);
  expect(metrics).toMatch(/countersign_deliveries_behind\{subscription="two"[^}]*\} 0/);
  running.kill('SIGTERM');
  expect(await running.exited).toEqual([0, null]);
  expect(running.output()).not.toContain(webhookSecret.slice(6));
});

test('COUNTERSIGN_WEBHOOK_URL is a subscription for what people are told of, as long as it is set', async () => {
  const hooks = await startHookServer();
  onTestFinished(() => hooks.stop());
  const webhook = { COUNTERSIGN_WEBHOOK_URL: hooks.url, COUNTERSIGN_WEBHOOK_SECRET: webhookSecret };
  const running = await deliverer(null, webhook);
  await until(() => /subscriptions read/.test(running.output()));
  const [change] = await testbed.ask(1);
  if (!change) throw new Error('none');
  const told = (type: 'change.prechecked' | 'change.reminded' | 'change.expired', members: JsonObject = {}) =>
    testbed.add([change], type, members);
  await told('change.prechecked', { snapshot: null, digest: 'd'.repeat(64), round: 1 });
  await told('change.reminded', { missing: [] });
  await told('change.expired', { decideBy: '2026-12-01T09:00:00.000Z' });
  await until(() => hooks.received.length === 2);
  expect(hooks.received.map(({ json }) => json['type'])).toEqual([
    'change.awaiting_decision',
    'change.reminder',
  ]);
  running.kill('SIGTERM');
  expect(await running.exited).toEqual([0, null]);
  expect(running.output()).not.toContain(webhookSecret.slice(6));

  const without = await deliverer(null);
  await until(() => /subscriptions read/.test(without.output()));
  const { rows } = await testbed
    .pool('reader')
    .query(`select state, disabled_reason as why from countersign.subscription where name = 'notices'`);
  expect(rows).toEqual([{ state: 'disabled', why: 'it is not in the file' }]);
});

test('several SIGHUPs at once leave one connection to DingTalk open', async () => {
  const dingTalk = await startDingTalk();
  onTestFinished(() => dingTalk.close());
  await writeFile(join(home, 'app'), demoApp.clientSecret);
  await writeFile(join(home, 'forward'), 'a secret that signs what is forwarded');
  const [server, port] = [await startHookServer(), await freePort(0)];
  onTestFinished(() => server.stop());
  const { clientId, corpId, cardTemplateId, openSpaceId } = demoApp;
  const systems = JSON.stringify({
    dingtalk: {
      kind: 'dingtalk',
      app: {
        ...{ clientId, corpId, cardTemplateId, openSpaceId },
        url: dingTalk.url,
        clientSecretFile: join(home, 'app'),
      },
      inboundSecretFiles: [join(home, 'forward')],
    },
  });
  const running = await deliverer(`systems: ${systems}`, { COUNTERSIGN_URL: `http://127.0.0.1:${port}` });
  const connections = async () => {
    const answer = await (await fetch(`${dingTalk.url}/_sim/stream`)).json();
    return (answer as { connections: number }).connections;
  };
  await until(async () => /subscriptions read/.test(running.output()) && (await connections()) === 1);
  await writeFile(running.file, `systems: ${systems}\nsubscriptions:\n${subscription('last', server.url)}`);
  for (let n = 0; n < 8; n++) {
    running.kill('SIGHUP');
    await delay(5);
  }
  await until(() => /"last"/.test(running.output()));
  running.kill('SIGHUP');
  await until(async () => (await connections()) === 1);
  running.kill('SIGTERM');
  expect(await running.exited).toEqual([0, null]);
});

test.each([
  ['a secret that is none', 'subscriptions:\nSHORT', /short must hold whsec_/],
  ['a system that is not there', 'subscriptions: [{ name: x, to: { system: jira } }]', /no such system/],
  ['a kind of system that nothing can be brought to', 'systems: { m: { kind: nothing } }', /systems/],
  ['an unknown member', 'subscription: []', /no such field/],
])('%s: it does not start, and says why', async (_what, text, message) => {
  const running = await deliverer(
    text.replace('SHORT', subscription('short', 'https://hooks.example/', 'short')),
  );
  expect(await running.exited).toEqual([4, null]);
  expect(running.output()).toMatch(message);
});
