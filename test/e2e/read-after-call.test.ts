import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import { stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import type { Testbed } from '../support/service.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
  steps = stepsOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

test('a read that is refused after a lost call does not end the change: it is read again until it is known', async () => {
  const sn = await testbed.certificate();
  await testbed.fault(sn, { kind: 'hangAfterApply' });
  const { id } = await steps.approved(sn);
  await eventually(async () => ((await testbed.calls(sn)).length === 1 ? true : null));
  // While the call hangs: the reads before it have gone well, those after it are refused.
  const refused = { action: 'GetCaCertificate', sn, code: 'PermissionCheckFailed', times: 3 };
  await testbed.control('POST', '/_sim/faults', refused);
  const change = await steps.ended(id);
  expect(change).toMatchObject({ executionStatus: 'succeeded', outcome: { reconciled: true } });
  expect(await testbed.calls(sn)).toHaveLength(1);
});

test('a retry-after is waited for, and a short one does not hurry the repeats', async () => {
  const [long, short] = [await testbed.certificate(), await testbed.certificate()];
  await testbed.fault(long, { code: 'SystemOverFlow', retryAfterMs: 4000 });
  await testbed.fault(short, { code: 'SystemOverFlow', retryAfterMs: 1, times: 3 });
  const ids = [(await steps.approved(long)).id, (await steps.approved(short)).id];
  for (const id of ids) await changeThat(api.users.alice, id, (c) => c.executionStatus === 'succeeded');
  const times = async (sn: string) => {
    const { calls } = (await eventually(() =>
      testbed.control('GET', `/_sim/calls?action=ActiveCaCertificate&sn=${sn}`),
    )) as { calls: { time: number }[] };
    return calls.map(({ time }) => time);
  };
  const [first = 0, second = 0] = await times(long);
  expect(second - first).toBeGreaterThanOrEqual(4000);
  const shortTimes = await times(short);
  expect(shortTimes).toHaveLength(4);
  // 0.5 s, 1 s and 2 s, as without it.
  expect((shortTimes[3] ?? 0) - (shortTimes[0] ?? 0)).toBeGreaterThan(3000);
});
