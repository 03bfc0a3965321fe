import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workflowIdOf } from '../../domain/change.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { policyChoice } from '../../policies/choose.ts';
import { requestUpdate } from '../../workflows/messages.ts';
import { honest } from '../support/honest.ts';
import { approvalRequest, startHost } from '../support/host.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { approvalOf, decide } from '../support/steps.ts';
import { startTemporalProxy } from '../support/temporal-proxy.ts';

/* A host is cancelled, and Temporal does not tell yet whether it goes on. Meanwhile the change's run comes to its limits. */

let testbed: Testbed;
let proxy: Awaited<ReturnType<typeof startTemporalProxy>>;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let host: Awaited<ReturnType<typeof startHost>>;
/** Whether Temporal tells the worker what it asks of workflows. */
let isTold = true;

beforeAll(async () => {
  testbed = await startTestbed();
  proxy = await startTemporalProxy({
    address: testbed.temporalAddress,
    authorize: (headers) =>
      isTold || !String(headers[':path']).endsWith('/DescribeWorkflowExecution')
        ? null
        : { status: 14, message: 'not now' },
  });
  const policy = honest({
    ...fourEyes,
    stages: [{ name: 'approval', groups: [{ group: null, threshold: 2 }] }],
  });
  const directory = { members: () => undefined, groupsIn: () => [] };
  const policies = { current: () => ({ rules: [{ policy, match: {} }], directory }) };
  [api, workers, host] = await Promise.all([
    startApi(testbed, { policies }),
    startWorkers({ ...testbed, temporalAddress: proxy.address }, { policies: policyChoice(policies) }),
    startHost(testbed),
  ]);
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await host.stop();
  await workers.stop();
  await api.stop();
  await proxy.stop();
  await testbed.stop();
});

test('the next run begins when that is told, and the change is withdrawn', async () => {
  const sn = await testbed.certificate();
  const handle = await host.start('keyed', approvalRequest(sn, { key: 'the line' }), 'goes on');
  const { id } = await eventually(async () => {
    const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
    return items[0] ?? null;
  });
  const asked = await decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null));
  const own = testbed.client.workflow.getHandle(workflowIdOf(id));
  const { runId } = await own.describe();
  isTold = false;
  await handle.cancel();
  await eventually(async () => {
    const { pendingActivities } = (await own.describe()).raw;
    return pendingActivities?.some(({ activityType }) => activityType?.name === 'hostGoesOn') ? true : null;
  });
  const signed = await approvalOf(api.users.dave, asked);
  const say = () =>
    own
      .executeUpdate(requestUpdate, { args: [{ signed, source: null }], updateId: randomUUID() })
      .catch(() => null);
  for (let said = 0; said < 550; said += 10) await Promise.all(Array.from({ length: 10 }, say));
  expect((await own.describe()).runId).toBe(runId);
  isTold = true;
  expect(await changeThat(api.users.bob, id, (c) => c.closedAt !== null)).toMatchObject({
    decisionStatus: 'withdrawn',
    outcome: { code: 'host_cancelled' },
  });
});
