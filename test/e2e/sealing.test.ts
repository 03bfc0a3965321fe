import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { startSealing } from '../../audit/sealing.ts';
import type { NoteVerifier } from '../../audit/note-key.ts';
import { readVerifiers } from '../../cli/keys.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { makePool } from '../../store/pool.ts';
import { keyPair } from '../audit/tree-fixture.ts';
import { takeAway } from '../support/database.ts';
import type { AtPoint, FaultPoint } from '../support/fault-points.ts';
import { decide, entriesOf, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let steps: Steps;

beforeAll(async () => {
  testbed = await startTestbed();
  api = await startApi(testbed, { engineDeadlineMs: 60_000 });
  steps = stepsOf(api);
});

afterAll(async () => {
  await api.stop();
  await testbed.stop();
});

/** Workers whose patience with the log is short, and which do something at a point. */
async function workers(more: { readonly keys?: readonly NoteVerifier[]; readonly at?: AtPoint } = {}) {
  const pool = makePool({
    connectionString: testbed.database.url('worker'),
    applicationName: 'test sealing',
    max: 2,
  });
  const log = more.keys ?? (await readVerifiers([testbed.logPublicKey]));
  const sealing = startSealing({ pool, keys: { log, witnesses: [] }, withinMs: 1_500 });
  const started = await startWorkers(testbed, { sealing, ...(more.at ? { at: more.at } : {}) });
  let running = true;
  const stop = async (): Promise<void> => {
    if (!running) return;
    running = false;
    await started.stop();
    await sealing.stop();
    await pool.end();
  };
  onTestFinished(stop);
  return { stop };
}

/** Ended well, with one call that took effect, every attempt ended, and each event once. */
async function expectOneEnd(id: string, sn: string): Promise<ChangeView> {
  const end = await steps.ended(id);
  expect(end.executionStatus).toBe('succeeded');
  expect((await testbed.calls(sn)).filter((call) => call.applied)).toHaveLength(1);
  const types = (await entriesOf(api.users.dave, id)).map(({ type }) => type);
  const count = (pattern: RegExp): number => types.filter((type) => pattern.test(type)).length;
  expect(count(/^attempt\.(succeeded|failed|unknown)$/)).toBe(count(/^attempt\.started$/));
  expect(count(/^attempt\.succeeded$/)).toBe(1);
  expect(count(/^change\.closed$/)).toBe(1);
  return end;
}

/** How often Temporal has tried the call by now. */
async function tries(id: string): Promise<number> {
  const { raw } = await testbed.client.workflow.getHandle(workflowIdOf(id)).describe();
  return Math.max(0, ...(raw.pendingActivities ?? []).map(({ attempt }) => attempt ?? 0));
}

test('without a signer there is no call, one attempt that was never sent, and then one end', async () => {
  await workers();
  const sn = await testbed.certificate();
  const asked = await steps.asked(sn);
  await testbed.stopLog();
  await decide(api.users.bob, asked);
  await eventually(async () => ((await tries(asked.id)) >= 4 ? true : null));
  const waiting = await api.users.alice.change(asked.id);
  expect(waiting.attempts).toMatchObject([{ outcome: 'failed', code: 'not_sent', requestId: null }]);
  expect(await testbed.calls(sn)).toEqual([]);
  await testbed.startLog();
  const end = await expectOneEnd(asked.id, sn);
  // A slow machine may let a second one wait in vain, while the log comes back.
  expect(end.attempts.map(({ code }) => code).join()).toMatch(/^(not_sent,)+OK$/);
});

test('a checkpoint that the worker’s key does not fit: no call, until the worker has the right key', async () => {
  const [right] = await readVerifiers([testbed.logPublicKey]);
  const other = keyPair(right?.name ?? '');
  const wrong = await workers({ keys: [other.verifier] });
  const sn = await testbed.certificate();
  const { id } = await steps.approved(sn);
  await eventually(async () => ((await tries(id)) >= 3 ? true : null));
  const waiting = await api.users.alice.change(id);
  expect(waiting.attempts).toMatchObject([{ outcome: 'failed', code: 'not_sent' }]);
  expect(waiting.executionStatus).toBe('running');
  expect(await testbed.calls(sn)).toEqual([]);
  await wrong.stop();
  await workers();
  await expectOneEnd(id, sn);
});

test('an abandoned change whose attempts were never sent is cancelled, whatever the target shows', async () => {
  const blocked = await workers({ keys: [keyPair('log.example/other').verifier] });
  const sn = await testbed.certificate();
  const { id } = await steps.approved(sn);
  await changeThat(api.users.alice, id, (c) => c.attempts.some(({ code }) => code === 'not_sent'));
  // Somebody else activates it meanwhile: not our doing.
  await testbed.control('PUT', '/_sim/certificates', {
    mqttInstanceId: 'post-cn-test00001',
    sn,
    caName: 'line',
    status: '1',
  });
  await api.users.olga.post(`/v1/changes/${id}/execution`, { action: 'abandon', comment: 'enough' });
  expect((await steps.ended(id)).executionStatus).toBe('cancelled');
  expect(await testbed.calls(sn)).toEqual([]);
  await blocked.stop();
});

test.each<[string, FaultPoint, 'unreachable' | 'unwritable', number]>([
  ['no call', 'attempt.started', 'unreachable', 0],
  ['no call', 'attempt.started', 'unwritable', 0],
  ['one call, recorded once', 'call.answered', 'unreachable', 1],
  ['one call, recorded once', 'call.answered', 'unwritable', 1],
])('%s while, from %s on, the database is %s; then the change ends once', async (_, at, how, calls) => {
  let giveBack: (() => Promise<void>) | null = null;
  await workers({
    at: async (point) => {
      if (point === at && giveBack === null) giveBack = await takeAway(testbed.database, how);
    },
  });
  const sn = await testbed.certificate();
  const asked = await steps.asked(sn);
  await decide(api.users.bob, asked).catch(() => undefined);
  const restore = await eventually(() => Promise.resolve(giveBack));
  // Longer than the worker waits for the log.
  const until = Date.now() + 4_000;
  await eventually(async () => {
    expect(await testbed.calls(sn)).toHaveLength(calls);
    return Date.now() > until ? true : null;
  });
  await restore();
  await eventually(() => decide(api.users.bob, asked));
  await expectOneEnd(asked.id, sn);
  expect((await testbed.calls(sn)).length).toBe(1);
});
