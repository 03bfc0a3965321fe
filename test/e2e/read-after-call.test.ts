import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeThat, eventually, startApi, startGround, startWorkers } from '../support/service.ts';
import { journeyOf } from '../support/journey.ts';
import type { Journey } from '../support/journey.ts';
import type { Ground } from '../support/service.ts';

let ground: Ground;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let journey: Journey;

beforeAll(async () => {
  ground = await startGround();
  [api, workers] = await Promise.all([startApi(ground), startWorkers(ground)]);
  journey = journeyOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await ground.stop();
});

test('a read that is refused after a lost call does not end the change: it is read again until it is known', async () => {
  const sn = await ground.certificate();
  await ground.fault(sn, { kind: 'hangAfterApply' });
  const { id } = await journey.approved(sn);
  await eventually(async () => ((await ground.calls(sn)).length === 1 ? true : null));
  // While the call hangs: the reads before it have gone well, those after it are refused.
  const refused = { action: 'GetCaCertificate', sn, code: 'PermissionCheckFailed', times: 3 };
  await ground.control('POST', '/_sim/faults', refused);
  const change = await journey.ended(id);
  expect(change).toMatchObject({ executionStatus: 'succeeded', outcome: { reconciled: true } });
  expect(await ground.calls(sn)).toHaveLength(1);
});

test('a retry-after is waited for, and a short one does not hurry the repeats', async () => {
  const [long, short] = [await ground.certificate(), await ground.certificate()];
  await ground.fault(long, { code: 'SystemOverFlow', retryAfterMs: 4000 });
  await ground.fault(short, { code: 'SystemOverFlow', retryAfterMs: 1, times: 3 });
  const ids = [(await journey.approved(long)).id, (await journey.approved(short)).id];
  for (const id of ids) await changeThat(api.users.alice, id, (c) => c.executionStatus === 'succeeded');
  const times = async (sn: string) => {
    const { calls } = (await eventually(() =>
      ground.control('GET', `/_sim/calls?action=ActiveCaCertificate&sn=${sn}`),
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
