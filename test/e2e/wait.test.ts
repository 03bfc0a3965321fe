import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { eventually, instance, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* A pipeline that asks for a change and goes on by its exit code. */

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
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

/** The command of a pipeline: its exit code and the change that it printed. */
async function pipeline(...args: string[]) {
  const env = { COUNTERSIGN_URL: api.url, COUNTERSIGN_TOKEN: await testbed.identity.tokenFor('alice') };
  return new Promise<{ exit: unknown; change: ChangeView }>((resolve) => {
    execFile(process.execPath, [main, '--json', 'change', ...args], { env }, (error, out) => {
      resolve({ exit: error ? error.code : 0, change: JSON.parse(out || '{}') as ChangeView });
    });
  });
}
const asking = (sn: string, key: string) =>
  pipeline(
    ...['create', '--wait', '--key', key, '--region', 'cn-hangzhou', '--instance', instance, '--sn', sn],
    ...['--justification', 'release 4711'],
  );
const waiting = (sn: string) =>
  eventually(async () => {
    const { items } = await api.users.bob.list(new URLSearchParams({ sn, awaiting: 'me' }));
    return items[0] ?? null;
  });

test('waits until it is approved and has run; started again with its key it waits for the same change', async () => {
  const sn = await testbed.certificate();
  const first = asking(sn, 'run-1');
  const { id, digest } = await waiting(sn);
  const again = asking(sn, 'run-1');
  await api.users.bob.post(`/v1/changes/${id}/decisions`, { decision: 'approve', digest, comment: '' });
  for (const { exit, change } of await Promise.all([first, again])) {
    expect({ exit, id: change.id, status: change.executionStatus }).toEqual({
      exit: 0,
      id,
      status: 'succeeded',
    });
  }
  expect(await testbed.calls(sn)).toHaveLength(1);
});

test('ends with another code where somebody says no, also for who waits for it alone', async () => {
  const sn = await testbed.certificate();
  const asked = asking(sn, 'run-2');
  const { id, digest } = await waiting(sn);
  const waits = pipeline('wait', id);
  await api.users.bob.post(`/v1/changes/${id}/decisions`, {
    decision: 'reject',
    digest,
    comment: 'not today',
  });
  expect((await asked).exit).toBe(10);
  expect(await waits).toMatchObject({ exit: 10, change: { decisionStatus: 'rejected' } });
});
