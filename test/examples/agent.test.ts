import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, instance, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide } from '../support/steps.ts';

/* The example of docs/mcp.md. */

const root = join(import.meta.dirname, '..', '..');
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

async function ask(key: string, sn: string) {
  const env = { COUNTERSIGN_URL: api.url, COUNTERSIGN_TOKEN: await testbed.identity.tokenFor('alice') };
  const input = JSON.stringify({ regionId: 'cn-hangzhou', mqttInstanceId: instance, sn });
  const server = [process.execPath, join(root, 'cli', 'main.ts'), 'mcp'];
  return new Promise<{ exit: unknown; out: string }>((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'examples', 'agent', 'ask-and-follow.ts'), key, input, ...server],
      { env },
      (error, out) => {
        resolve({ exit: error ? error.code : 0, out });
      },
    );
  });
}
const waiting = (sn: string) =>
  eventually(async () => {
    const { items } = await api.users.bob.list(new URLSearchParams({ sn, awaiting: 'me' }));
    return items[0] ? api.users.bob.change(items[0].id) : null;
  });

test('asks, follows, and ends well once people have approved; again with its key it asks nobody', async () => {
  const sn = await testbed.certificate();
  const asked = ask('task-1', sn);
  const change = await waiting(sn);
  await decide(api.users.bob, change);
  const { exit, out } = await asked;
  expect(exit).toBe(0);
  expect(out).toMatch(/decision\.approved[^]*attempt\.succeeded[^]*change\.closed\nIt has been done/);
  expect(await ask('task-1', sn)).toEqual({
    exit: 0,
    out: `change ${change.id}: It has been done. Go on.\nIt has been done. Go on.\n`,
  });
  expect(await testbed.calls(sn)).toHaveLength(1);
});

test('ends with 1 where a person says no', async () => {
  const sn = await testbed.certificate();
  const asked = ask('task-2', sn);
  await decide(api.users.bob, await waiting(sn), 'reject');
  const { exit, out } = await asked;
  expect(exit).toBe(1);
  expect(out).toMatch(/said no/);
});
