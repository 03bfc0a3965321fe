import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeView } from '../../api/view.ts';
import type { FaultPoint } from '../../activities/dependencies.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { stopSignal } from '../../workflows/messages.ts';
import { decide, entriesOf, inMs, journeyOf } from '../support/journey.ts';
import type { Journey } from '../support/journey.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, startApi, startGround, startWorkers } from '../support/service.ts';
import type { Ground } from '../support/service.ts';

/* Words of which the workflow and the worker hear in another order than they were said, or past the API. */

let ground: Ground;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let journey: Journey;
const holds = new Map<FaultPoint, { reached: () => void; until: Promise<unknown> }>();

beforeAll(async () => {
  ground = await startGround();
  const at = async (point: FaultPoint): Promise<void> => {
    const hold = holds.get(point);
    hold?.reached();
    await hold?.until;
  };
  [api, workers] = await Promise.all([startApi(ground), startWorkers(ground, { at })]);
  journey = journeyOf(api);
});
afterAll(async () => {
  expect(await replayAll(ground)).toBeGreaterThan(1);
  await workers.stop();
  await api.stop();
  await ground.stop();
});

const control = (id: string, action: string): Promise<ChangeView> =>
  api.users.olga.post(`/v1/changes/${id}/execution`, { action, comment: `the plant asked to ${action}` });

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
  const sn = await ground.certificate();
  const change = await journey.asked(sn);
  const before = holdAt('sealed');
  await decide(api.users.bob, change);
  await before.reached;
  await control(change.id, 'pause');
  const after = holdAt('call.answered');
  before.letGo();
  await after.reached;
  await control(change.id, 'resume');
  after.letGo();
  expect(await journey.ended(change.id)).toMatchObject({ outcome: { code: 'succeeded' } });
  expect(await ground.calls(sn)).toHaveLength(1);
});

test('a workflow that was told of a pause past the API hears every word that the API takes', async () => {
  const sn = await ground.certificate();
  const clocks = { executeAfter: inMs(3_600_000), executeBy: inMs(7_200_000), decideBy: inMs(1_800_000) };
  const { id } = await journey.approved(sn, clocks);
  await control(id, 'pause');
  await control(id, 'resume');
  const said = (await entriesOf(api.users.dave, id)).find(({ type }) => type === 'stop.requested');
  const { statement, signature } = said as unknown as {
    statement: never;
    signature: { keyId: string; value: string };
  };
  const signed = { statement, keyId: signature.keyId, signature: signature.value };
  await ground.client.workflow.getHandle(workflowIdOf(id)).signal(stopSignal, { signed, source: null });
  await changeThat(api.users.alice, id, (c) => c.executionStatus === 'paused' && c.stop === null);
  await control(id, 'pause');
  expect((await control(id, 'resume')).executionStatus).toBe('scheduled');
  await control(id, 'abandon');
  expect(await journey.ended(id)).toMatchObject({ outcome: { code: 'abandoned' } });
  expect(await ground.calls(sn)).toEqual([]);
});
