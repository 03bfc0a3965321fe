import { afterAll, beforeAll, expect, test } from 'vitest';
import { workflowIdOf } from '../../domain/change.ts';
import { approvalRequest } from '../support/host.ts';
import { startHosting } from '../support/hosting.ts';
import type { Hosting } from '../support/hosting.ts';
import { replayAll } from '../support/replay.ts';
import { decide, entriesOf } from '../support/steps.ts';

/* The target of a host's change is read in the step that opens it, where that is quick. */

let hosting: Hosting;
let testbed: Hosting['testbed'];
let api: Hosting['api'];
let host: Hosting['host'];

beforeAll(async () => {
  hosting = await startHosting();
  ({ testbed, api, host } = hosting);
});
afterAll(async () => {
  await replayAll(testbed);
  await hosting.stop();
});

/** Approves a host's change; answers the activities that its workflow has had, local ones aside. */
async function approved(sn: string) {
  const handle = await host.start('keyed', approvalRequest(sn, { key: 'the line' }), 'goes on');
  const change = await hosting.asked(sn);
  const { id } = change;
  await decide(api.users.bob, change);
  expect(await handle.result()).toEqual({ id, failure: null, executionStatus: 'succeeded' });
  const entries = await entriesOf(api.users.dave, id);
  const timesOf = (type: string) =>
    entries.filter((e) => e.type === type).map(({ time }) => Date.parse(time));
  const [requestedAt = NaN] = timesOf('change.requested');
  const read = timesOf('change.prechecked');
  expect(read).toHaveLength(1);
  const { events } = await testbed.client.workflow.getHandle(workflowIdOf(id)).fetchHistory();
  const activities = (events ?? []).flatMap(
    (e) => e.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
  );
  return { activities, readAfterMs: (read[0] ?? NaN) - requestedAt };
}

test('quickly: no activity of its own reads it', async () => {
  const { activities } = await approved(await testbed.certificate());
  expect(activities).toEqual(['record', 'ActiveCaCertificate']);
});

test.each([
  // The first answer comes while the second read is under way, or after it. Nobody waits for it any more: it is not shown.
  ['before the activity’s', 1500, 2000, 3000],
  ['after the activity’s', 2500, 0, 1000],
])('slowly: an activity reads it, and an answer %s writes nothing', async (_, first, second, atLeastMs) => {
  const sn = await testbed.certificate();
  await testbed.fault(sn, { action: 'GetCaCertificate', times: 1, delayMs: first });
  if (second > 0) await testbed.fault(sn, { action: 'GetCaCertificate', times: 1, delayMs: second });
  const { activities, readAfterMs } = await approved(sn);
  expect(activities).toEqual(['precheck', 'record', 'ActiveCaCertificate']);
  expect(readAfterMs).toBeGreaterThan(atLeastMs - 100);
});

test('with an error: an activity reads it again', async () => {
  const sn = await testbed.certificate();
  await testbed.fault(sn, { action: 'GetCaCertificate', times: 1 });
  const { activities } = await approved(sn);
  expect(activities).toEqual(['precheck', 'record', 'ActiveCaCertificate']);
});
