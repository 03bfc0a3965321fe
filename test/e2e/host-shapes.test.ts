import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { approvalRequest, startHost } from '../support/host.ts';
import { startHosting } from '../support/hosting.ts';
import type { Hosting } from '../support/hosting.ts';
import { changeThat, eventually } from '../support/service.ts';
import { decide, entriesOf } from '../support/steps.ts';

/* Hosts as teams have them: a child of another workflow, one that closes its children, a pinned version. */

let hosting: Hosting;
let testbed: Hosting['testbed'];
let api: Hosting['api'];
let host: Hosting['host'];

beforeAll(async () => {
  hosting = await startHosting();
  ({ testbed, api, host } = hosting);
});
afterAll(async () => {
  await hosting.stop();
});

const asked = (sn: string) => hosting.asked(sn);
const ended = (id: string) => changeThat(api.users.bob, id, (c) => c.closedAt !== null);

describe.concurrent('a host that is the child of another workflow', () => {
  test('gates its step, and is the host that the log names', async () => {
    const sn = await testbed.certificate();
    const handle = await host.start('parentOfHost', approvalRequest(sn));
    const change = await asked(sn);
    await decide(api.users.bob, change);
    expect(await handle.result()).toBe('succeeded');
    const [requested] = await entriesOf(api.users.dave, change.id);
    expect(requested).toMatchObject({ host: { type: 'requireApproval' } });
    expect((requested as { host?: { workflowId: string } }).host?.workflowId).not.toBe(handle.workflowId);
  });

  test.each(['terminated', 'cancelled'] as const)('withdraws its change when that one is %s', async (how) => {
    const sn = await testbed.certificate();
    const handle = await host.start('parentOfHost', approvalRequest(sn));
    const { id } = await asked(sn);
    await (how === 'cancelled' ? handle.cancel() : handle.terminate());
    expect(await ended(id)).toMatchObject({
      decisionStatus: 'withdrawn',
      outcome: { code: 'host_cancelled' },
    });
  });

  test('hears through it that people said no', async () => {
    const sn = await testbed.certificate();
    const handle = await host.start('parentOfHost', approvalRequest(sn));
    await decide(api.users.bob, await asked(sn), 'reject');
    await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'not_approved' } } });
  });
});

test('a host whose worker has a pinned deployment version', async () => {
  const version = { deploymentName: `lines-${randomUUID()}`, buildId: '1' };
  const pinned = await startHost(testbed, { version });
  const { namespace } = testbed;
  const { workflowService } = testbed.connection;
  await eventually(() =>
    workflowService.setWorkerDeploymentCurrentVersion({ namespace, ...version, identity: 'a test' }),
  );
  try {
    const sn = await testbed.certificate();
    const handle = await pinned.start('requireApproval', approvalRequest(sn));
    await decide(api.users.bob, await asked(sn));
    expect(await handle.result()).toMatchObject({ executionStatus: 'succeeded' });
    const { events } = await handle.fetchHistory();
    const task = events?.find((e) => e.workflowTaskCompletedEventAttributes);
    expect(task?.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId).toBe('1');
  } finally {
    await pinned.stop();
  }
});

test('a host that is patched to gate a step: what has begun before goes on without', async () => {
  const workflowsPath = fileURLToPath(import.meta.resolve('../support/older-host-workflows.ts'));
  const older = await startHost(testbed, { workflowsPath });
  const { taskQueue } = older;
  const before = await older.start('changedToGate');
  await eventually(async () => {
    const { events } = await before.fetchHistory();
    return events?.find((e) => e.workflowTaskCompletedEventAttributes) ?? null;
  });
  await older.stop();
  const newer = await startHost(testbed, { taskQueue });
  try {
    const sn = await testbed.certificate();
    const after = await newer.start('changedToGate', approvalRequest(sn));
    await before.signal('end');
    expect(await before.result()).toBe('not gated');
    await decide(api.users.bob, await asked(sn));
    expect(await after.result()).toBe('succeeded');
  } finally {
    await newer.stop();
  }
});
