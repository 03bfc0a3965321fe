import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Freeze } from '../../domain/freeze.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import { decide, inMs, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import type { Testbed } from '../support/service.ts';
import { startTimeSkipping } from '../support/time-skipping.ts';

/* The long clocks, on a server that skips them. One test after the other: they share its clock. */

const hour = 3_600_000;
const day = 24;
let server: Awaited<ReturnType<typeof startTimeSkipping>>;
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;
/** How far the server's clock is ahead of ours, hours: what is asked for at a time of the server's is that much later. */
let ahead = 0;
/** How far the workers' clock is behind the server's, hours. */
let behind = 0;

beforeAll(async () => {
  server = await startTimeSkipping();
  testbed = await startTestbed({ temporalAddress: server.address, namespace: 'default' });
  [api, workers] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed, { gateLongestMs: 6 * hour, now: workersNow }),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await testbed.stop();
  await server.stop();
});

const workersNow = () => Date.now() + (ahead - behind) * hour;

async function skip(hours: number): Promise<void> {
  await server.skip(hours);
  ahead += hours;
}
/** A moment so many hours from now, by the server's clock. */
const inHours = (hours: number) => inMs((ahead + hours) * hour);

test('nobody decides for a week: the change expires, and not a day before', async () => {
  const { id } = await steps.asked(await testbed.certificate());
  await skip(6 * day);
  expect(await api.users.alice.change(id)).toMatchObject({ decisionStatus: 'pending', closedAt: null });
  await skip(1.1 * day);
  const end = await steps.ended(id);
  expect(end).toMatchObject({ decisionStatus: 'expired', outcome: { code: 'decide_by_passed' } });
  expect(Date.parse(end.closedAt ?? '') - Date.parse(end.decideBy)).toBeLessThan(60_000);
});

test('what was approved for later is called then, and not an hour before', async () => {
  const sn = await testbed.certificate();
  const times = { decideBy: inHours(20), executeAfter: inHours(3 * day), executeBy: inHours(4 * day) };
  const { id } = await steps.approved(sn, times);
  await skip(3 * day - 1);
  expect(await testbed.calls(sn)).toEqual([]);
  expect((await api.users.alice.change(id)).executionStatus).toBe('scheduled');
  await skip(1.1);
  expect((await steps.ended(id)).executionStatus).toBe('succeeded');
  expect(await testbed.calls(sn)).toHaveLength(1);
});

test('a worker whose clock has not come to execute-after calls nothing until it has', async () => {
  const sn = await testbed.certificate();
  const times = { decideBy: inHours(20), executeAfter: inHours(day), executeBy: inHours(2 * day) };
  const { id } = await steps.approved(sn, times);
  behind = 2;
  await skip(day + 1);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(await testbed.calls(sn)).toEqual([]);
  behind = 0;
  await skip(0.1);
  expect((await steps.ended(id)).executionStatus).toBe('succeeded');
  expect(await testbed.calls(sn)).toHaveLength(1);
});

test('an approval on the sixth day still counts', async () => {
  const sn = await testbed.certificate();
  const asked = await steps.asked(sn, { decideBy: inHours(7 * day) });
  await skip(6 * day);
  await decide(api.users.bob, asked);
  const end = await changeThat(api.users.alice, asked.id, (c) => c.closedAt !== null);
  expect(end).toMatchObject({ decisionStatus: 'approved', executionStatus: 'succeeded' });
});

/* The last one: the freeze stays. */
test('a freeze for longer than execute-by: a day after the approval the change ends without a call', async () => {
  const sn = await testbed.certificate();
  await api.users.adam.post<Freeze>('/v1/freezes', { reason: 'the great sale' });
  const { id } = await steps.approved(sn, { decideBy: inHours(1), executeBy: inHours(day) });
  await eventually(async () => {
    const entries = await api.users.dave.events(id);
    return entries.some((e) => e.type === 'change.held') ? true : null;
  });
  await skip(day - 1);
  expect((await api.users.alice.change(id)).closedAt).toBeNull();
  // Not further: after an activity that is cancelled while it waits for its retry, this server may skip no more.
  await skip(1 + 5 / 3600);
  expect(await steps.ended(id)).toMatchObject({
    executionStatus: 'cancelled',
    outcome: { code: 'execute_by_passed' },
    attempts: [],
  });
  expect(await testbed.calls(sn)).toEqual([]);
});
