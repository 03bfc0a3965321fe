import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPolicies } from '../../policies/load.ts';
import { startReceiver, webhookSecret } from '../support/receiver.ts';
import { eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import { decide, entriesOf, stepsOf, post } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { startDyingWorker, startProcess } from '../support/process.ts';
import type { Testbed } from '../support/service.ts';
import { replayAll } from '../support/replay.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let deliverer: Awaited<ReturnType<typeof startProcess>>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let steps: Steps;
/** Of which changes the receiver takes nothing, or the first message only at the second try. */
const refused = new Set<unknown>();
const slow = new Set<unknown>();

beforeAll(async () => {
  receiver = await startReceiver(({ id, body }) => {
    const change = body.data.change['id'];
    if (refused.has(change)) return 503;
    const tries = receiver.received.filter((r) => r.id === id).length;
    return slow.has(change) && tries < 2 ? 500 : 204;
  });
  testbed = await startTestbed();
  [api, workers, deliverer] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed),
    startProcess(testbed, 'deliverer', webhook()),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThanOrEqual(2);
  await deliverer.stop();
  await workers.stop();
  await api.stop();
  await receiver.stop();
  await testbed.stop();
});

const ofChange = (id: string) => receiver.received.filter((r) => r.body.data.change['id'] === id);
/** What the receiver was told of a change, each message once, in order. */
const kindsOf = (id: string) => [...new Map(ofChange(id).map((r) => [r.id, r.body.type])).values()];
const toldAll = (id: string, ...kinds: readonly string[]) =>
  eventually(() => Promise.resolve(kindsOf(id).length >= kinds.length ? true : null)).then(() =>
    expect(kindsOf(id)).toEqual(kinds.map((kind) => `change.${kind}`)),
  );
const webhook = () => ({
  COUNTERSIGN_WEBHOOK_URL: receiver.url,
  COUNTERSIGN_WEBHOOK_SECRET: webhookSecret,
});

describe.concurrent('people', { timeout: 300_000 }, () => {
  test('are told that a decision is awaited, of the decision and of the end, in this order', async () => {
    const asked = await steps.asked(await testbed.certificate());
    slow.add(asked.id);
    await decide(api.users.bob, asked);
    await steps.ended(asked.id);
    await toldAll(asked.id, 'awaiting_decision', 'decided', 'closed');
    const got = ofChange(asked.id);
    expect(got.every((r) => r.genuine)).toBe(true);
    const closed = got.find((r) => r.body.type === 'change.closed')?.body.data;
    expect(closed?.change).toMatchObject({
      executionStatus: 'succeeded',
      path: `/v1/changes/${asked.id}`,
      requester: { subject: 'alice' },
    });
    const subjects = closed?.audience.people.map((p) => (p as { subject: string }).subject);
    expect(subjects).toEqual(['alice', 'bob']);
  });

  test('are told late by a receiver that fails; it delays and fails no change', async () => {
    const asked = await steps.asked(await testbed.certificate());
    refused.add(asked.id);
    await decide(api.users.bob, asked);
    const end = await steps.ended(asked.id);
    expect(end.executionStatus).toBe('succeeded');
    await eventually(async () => {
      const { status } = await testbed.client.workflow.getHandle(`change-${asked.id}`).describe();
      return status.name === 'COMPLETED' ? true : null;
    });
    expect(kindsOf(asked.id)).not.toContain('change.closed');
    refused.delete(asked.id);
    await toldAll(asked.id, 'awaiting_decision', 'decided', 'closed');
  });

  test('are reminded, and asked further, once each, though the worker is killed when it has just written so', async () => {
    const own = await startTestbed();
    const policyFile = join(own.home, 'policies.yaml');
    await writeFile(
      policyFile,
      `groups: { duty: { source: token } }
policies:
  - name: reminding
    version: '1'
    decideWithin: 1h
    reminders: [3s, 6s]
    escalation: { after: 9s, group: duty }
    stages: [{ name: approval, groups: [{ anyApprover: true, threshold: 1 }] }]
`,
    );
    const policies = await loadPolicies({ policyFile, directoryFile: null });
    const rules = { COUNTERSIGN_POLICY: policyFile };
    const [ownApi, brings, dying] = await Promise.all([
      startApi(own, { engineDeadlineMs: 60_000, policies }),
      startProcess(own, 'deliverer', webhook()),
      startDyingWorker(own, 'recorded', rules),
    ]);
    const { id } = await post(ownApi.users.alice, await own.certificate());
    // The first thing that its own activity records is the first reminder.
    const [, signal] = await dying.exited;
    expect(signal).toBe('SIGKILL');
    await toldAll(id, 'awaiting_decision', 'reminder');
    const healthy = await startProcess(own, 'worker', rules);
    await toldAll(id, 'awaiting_decision', 'reminder', 'reminder', 'escalated');
    const entries = await entriesOf(ownApi.users.dave, id);
    const reminders = entries.filter(({ type }) => type === 'change.reminded');
    expect(reminders).toMatchObject([
      { actor: { process: 'worker' }, round: 1, missing: [{ stage: 'approval', group: null, seats: 1 }] },
      { missing: [{ stage: 'approval', group: null, seats: 1 }] },
    ]);
    const [last] = ofChange(id).slice(-1);
    expect(last?.body.data.audience).toMatchObject({ groups: ['duty'], people: [{ subject: 'alice' }] });
    await replayAll(own);
    await healthy.stop();
    await brings.stop();
    await ownApi.stop();
    await own.stop();
  });
});
