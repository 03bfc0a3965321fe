import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import type { SignedStatement } from '../../domain/statement.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { stopSignal } from '../../workflows/messages.ts';
import type { FaultPoint } from '../support/fault-points.ts';
import { decide, entriesOf, inMs, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, dependenciesOf, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* Words of which the workflow and the worker hear in another order than they were said, or past the API. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;
/** Whether the workers have the key by which the API signs words to stop. */
let knowsKey = true;
const holds = new Map<FaultPoint, { reached: () => void; until: Promise<unknown> }>();

beforeAll(async () => {
  testbed = await startTestbed();
  const at = async (point: FaultPoint): Promise<void> => {
    const hold = holds.get(point);
    hold?.reached();
    await hold?.until;
  };
  const deps = await dependenciesOf(testbed);
  await deps.stop();
  const verifyStatement = (signed: SignedStatement): boolean =>
    (knowsKey || signed.statement.kind === 'decision') && deps.verifyStatement(signed);
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed, { at, verifyStatement })]);
  steps = stepsOf(api);
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

const control = (id: string, action: string): Promise<ChangeView> =>
  api.users.olga.post(`/v1/changes/${id}/execution`, { action, comment: `the plant asked to ${action}` });

async function firstWordOf(id: string): Promise<SignedStatement> {
  const said = (await entriesOf(api.users.dave, id)).find(({ type }) => type === 'stop.requested');
  const { statement, signature } = said as unknown as {
    statement: SignedStatement['statement'];
    signature: { keyId: string; value: string };
  };
  return { statement, keyId: signature.keyId, signature: signature.value };
}

/** Holds the worker at a point until it is let go. */
function holdAt(point: FaultPoint): { reached: Promise<unknown>; letGo: () => void } {
  const [there, going] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  holds.set(point, { reached: () => there.resolve(undefined), until: going.promise });
  const letGo = (): void => {
    holds.delete(point);
    going.resolve(undefined);
  };
  return { reached: there.promise, letGo };
}

test('a pause that is over before the worker’s refusal to begin has arrived does not come back', async () => {
  const sn = await testbed.certificate();
  const change = await steps.asked(sn);
  const before = holdAt('sealed');
  await decide(api.users.bob, change);
  await before.reached;
  await control(change.id, 'pause');
  const after = holdAt('call.recorded');
  before.letGo();
  await after.reached;
  await control(change.id, 'resume');
  after.letGo();
  expect(await steps.ended(change.id)).toMatchObject({ outcome: { code: 'succeeded' } });
  expect(await testbed.calls(sn)).toHaveLength(1);
});

test('a workflow that was told of a pause past the API hears every word that the API takes', async () => {
  const sn = await testbed.certificate();
  const clocks = { executeAfter: inMs(3_600_000), executeBy: inMs(7_200_000), decideBy: inMs(1_800_000) };
  const { id } = await steps.approved(sn, clocks);
  await control(id, 'pause');
  await control(id, 'resume');
  const signed = await firstWordOf(id);
  const handle = testbed.client.workflow.getHandle(workflowIdOf(id));
  for (const odd of [{ ordinal: 5.5 }, { ordinal: 'abc' }, { ordinal: 1e30 }, { source: 'a\ud800b' }]) {
    await handle.signal(stopSignal, { signed, source: null, ...odd } as never);
  }
  await handle.signal(stopSignal, { signed, source: null });
  await changeThat(api.users.alice, id, (c) => c.executionStatus === 'paused' && c.stop === null);
  await control(id, 'pause');
  expect((await control(id, 'resume')).executionStatus).toBe('scheduled');
  await control(id, 'abandon');
  expect(await steps.ended(id)).toMatchObject({ outcome: { code: 'abandoned' } });
  expect(await testbed.calls(sn)).toEqual([]);
});

test('words that the workers cannot verify yet stop all the same, and are heard once they can', async () => {
  const sn = await testbed.certificate();
  const [change, other] = await Promise.all([steps.asked(sn), steps.asked(await testbed.certificate())]);
  const before = holdAt('sealed');
  await decide(api.users.bob, change);
  await before.reached;
  knowsKey = false;
  try {
    await control(change.id, 'pause');
    await api.users.alice.post(`/v1/changes/${other.id}/withdrawal`, {});
    before.letGo();
    await changeThat(api.users.alice, change.id, (c) => c.attempts[0]?.outcome === 'failed');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await testbed.calls(sn)).toEqual([]);
  } finally {
    knowsKey = true;
  }
  await control(change.id, 'resume');
  await api.tellStops();
  expect(await steps.ended(change.id)).toMatchObject({ outcome: { code: 'succeeded' } });
  expect(await steps.ended(other.id)).toMatchObject({ decisionStatus: 'withdrawn' });
  expect(await testbed.calls(sn)).toHaveLength(1);
});
