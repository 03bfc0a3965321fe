import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeOrphans } from '../../activities/close-orphans.ts';
import { makePool } from '../../store/pool.ts';
import { approvalRequest, startHost } from '../support/host.ts';
import { startHosting } from '../support/hosting.ts';
import type { Hosting } from '../support/hosting.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { replayAll } from '../support/replay.ts';
import { resetRun } from '../support/reset.ts';
import { changeThat, eventually } from '../support/service.ts';
import { decide } from '../support/steps.ts';

/* A host that is reset ends without a word to its change: Temporal cancels no child of a run that is reset. */

let hosting: Hosting;
let pool: ReturnType<typeof makePool>;

beforeAll(async () => {
  hosting = await startHosting();
  pool = makePool({
    connectionString: hosting.testbed.database.url('worker'),
    applicationName: 'test orphans',
  });
});
afterAll(async () => {
  expect(await findingsInLog(hosting.testbed)).toEqual([]);
  expect(await replayAll(hosting.testbed)).toBeGreaterThan(1);
  await pool.end();
  await hosting.stop();
});

const ended = (id: string) => changeThat(hosting.api.users.bob, id, (c) => c.closedAt !== null);
const sweep = () =>
  closeOrphans({
    ...{ pool, client: hosting.testbed.client, namespace: hosting.testbed.namespace, restMs: 0 },
    log: { warn: () => undefined },
  });

const keys = [
  ['with a key', { key: 'the line' }],
  ['without a key', {}],
] as const;

describe('a host that is reset and then terminated, before it has asked again', () => {
  /** A change whose host has ended so. */
  async function left(more: object) {
    const { testbed } = hosting;
    const host = await startHost(testbed);
    const sn = await testbed.certificate();
    const handle = await host.start('keyed', approvalRequest(sn, more), 'goes on');
    const change = await hosting.asked(sn);
    // Nobody runs the new run's first task.
    await host.stop();
    await resetRun(hosting.testbed, handle);
    await host.client.workflow.getHandle(handle.workflowId).terminate('by hand');
    return { sn, change };
  }

  test.each(keys)('%s: the approved change is not called, and withdrawn', async (_, more) => {
    const { sn, change } = await left(more);
    await decide(hosting.api.users.bob, change);
    expect(await ended(change.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      executionStatus: 'cancelled',
      outcome: { code: 'host_cancelled' },
    });
    expect(await hosting.testbed.calls(sn)).toEqual([]);
  });

  test.each(keys)('%s: the change is withdrawn although nobody decides', async (_, more) => {
    const { change } = await left(more);
    await sweep();
    expect(await ended(change.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      executionStatus: 'not_started',
      outcome: { code: 'host_cancelled' },
    });
  });
});

test('a host without a key that is reset asks anew: the change of the run before makes way', async () => {
  const { host, testbed, api } = hosting;
  const sn = await testbed.certificate();
  const handle = await host.start('requireApproval', approvalRequest(sn));
  const before = await hosting.asked(sn);
  await resetRun(hosting.testbed, handle);
  expect(await ended(before.id)).toMatchObject({
    decisionStatus: 'withdrawn',
    outcome: { code: 'host_cancelled' },
  });
  const { id } = await eventually(async () => {
    const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
    return items.find((one) => one.id !== before.id) ?? null;
  });
  await decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null));
  await host.client.workflow.getHandle(handle.workflowId).result();
  expect(await ended(id)).toMatchObject({ executionStatus: 'succeeded' });
  expect(await testbed.calls(sn)).toHaveLength(1);
});

test('the change of a host that runs is left alone', async () => {
  const { host, testbed, api } = hosting;
  const sn = await testbed.certificate();
  const handle = await host.start('requireApproval', approvalRequest(sn));
  const change = await hosting.asked(sn);
  await sweep();
  await sweep();
  await decide(api.users.bob, change);
  await handle.result();
  expect(await ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
});
