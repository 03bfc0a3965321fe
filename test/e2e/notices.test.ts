import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeWebhook } from '../../activities/webhook.ts';
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
  [api, workers] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed, { webhook: makeWebhook(receiver.url, webhookSecret) }),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThanOrEqual(2);
  await workers.stop();
  await api.stop();
  await receiver.stop();
  await testbed.stop();
});

const ofChange = (id: string) => receiver.received.filter((r) => r.body.data.change['id'] === id);
/** What a change's entries say was told. */
const kindsOf = async (id: string) =>
  (await entriesOf(api.users.dave, id))
    .filter((e) => e.type === 'notification.sent')
    .map((e) => (e['notification'] as { kind: string }).kind);
const webhook = () => ({
  COUNTERSIGN_WEBHOOK_URL: receiver.url,
  COUNTERSIGN_WEBHOOK_SECRET: webhookSecret,
});

describe.concurrent('people', { timeout: 300_000 }, () => {
  test('are told that a decision is awaited, of the decision and of the end; each is recorded once', async () => {
    const asked = await steps.asked(await testbed.certificate());
    slow.add(asked.id);
    await decide(api.users.bob, asked);
    await steps.ended(asked.id);
    const kinds = await eventually(async () => {
      const sent = await kindsOf(asked.id);
      return sent.length >= 3 ? sent : null;
    });
    expect(kinds.sort()).toEqual(['awaiting_decision', 'closed', 'decided']);
    const got = ofChange(asked.id);
    expect(got.every((r) => r.genuine)).toBe(true);
    // What had to be repeated came under one id.
    const ids = new Map(got.map((r) => [r.id, r.body.type]));
    expect([...ids.values()].sort()).toEqual(['change.awaiting_decision', 'change.closed', 'change.decided']);
    expect(got.length).toBeGreaterThan(ids.size);
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
    await eventually(() =>
      Promise.resolve(ofChange(asked.id).some((r) => r.body.type === 'change.closed') ? true : null),
    );
    expect(await kindsOf(asked.id)).not.toContain('closed');
    refused.delete(asked.id);
    const kinds = await eventually(async () => {
      const sent = await kindsOf(asked.id);
      return sent.length >= 3 ? sent : null;
    });
    expect(kinds.sort()).toEqual(['awaiting_decision', 'closed', 'decided']);
  });

  test('are told twice under one id, and it is recorded once, when the worker is killed between', async () => {
    const own = await startTestbed();
    const [ownApi, dying] = await Promise.all([
      startApi(own, { engineDeadlineMs: 60_000 }),
      startDyingWorker(own, 'notice.sent', webhook()),
    ]);
    const { id } = await post(ownApi.users.alice, await own.certificate());
    const [, signal] = await dying.exited;
    expect(signal).toBe('SIGKILL');
    expect(ofChange(id)).toHaveLength(1);
    const healthy = await startProcess(own, 'worker', webhook());
    const [entry] = await eventually(async () => {
      const entries = await entriesOf(ownApi.users.dave, id);
      const sent = entries.filter((e) => e.type === 'notification.sent');
      return sent.length > 0 ? sent : null;
    });
    expect(entry?.['notification']).toMatchObject({ kind: 'awaiting_decision' });
    expect(new Set(ofChange(id).map((r) => r.id)).size).toBe(1);
    expect(ofChange(id).length).toBeGreaterThan(1);
    await healthy.stop();
    await ownApi.stop();
    await own.stop();
  });
});
