import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { workflowIdOf } from '../../domain/change.ts';
import type { Change, ChangeEnd } from '../../domain/change.ts';
import { takeAway } from '../support/database.ts';
import type { FaultPoint } from '../support/fault-points.ts';
import { codeOf, decide, entriesOf, inMs, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import {
  changeThat,
  eventually,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;
/** What happens when a worker comes to a point. */
const hooks = new Map<FaultPoint, () => Promise<void>>();

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([
    startApi(testbed, { engineDeadlineMs: 60_000 }),
    startWorkers(testbed, { at: (point) => hooks.get(point)?.() }),
  ]);
  steps = stepsOf(api);
});
afterEach(() => hooks.clear());
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

const control = (id: string, action: string): Promise<unknown> =>
  api.users.olga.post(`/v1/changes/${id}/execution`, { action, comment: 'as the plant asked' });
const rename = (sn: string): Promise<unknown> =>
  testbed.control('PUT', '/_sim/certificates', {
    mqttInstanceId: instance,
    sn,
    caName: 'renamed',
    status: '0',
  });
const types = async (id: string): Promise<string[]> =>
  (await entriesOf(api.users.dave, id)).map(({ type }) => type);
const workflowEnd = async (id: string): Promise<Change> =>
  ((await testbed.client.workflow.getHandle(workflowIdOf(id)).result()) as ChangeEnd).change;

/** In its second round, after one call that failed. */
async function driftedAfterCall(fault: object = {}): Promise<{ id: string; sn: string }> {
  const sn = await testbed.certificate();
  await testbed.fault(sn, { times: 1, ...fault });
  hooks.set('call.answered', async () => {
    hooks.clear();
    await rename(sn);
  });
  const { id } = await steps.approved(sn);
  await changeThat(api.users.alice, id, (c) => c.round === 2 && c.digest !== null);
  return { id, sn };
}

describe('the last write', () => {
  test.each(['unreachable', 'unwritable'] as const)(
    'of a success waits for a Postgres that is %s',
    async (how) => {
      const away = Promise.withResolvers<() => Promise<void>>();
      hooks.set('before.close', async () => {
        hooks.clear();
        away.resolve(await takeAway(testbed.database, how));
      });
      const { id } = await steps.approved(await testbed.certificate());
      const giveBack = await away.promise;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await giveBack();
      expect((await workflowEnd(id)).executionStatus).toBe('succeeded');
      expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
      expect((await types(id)).filter((type) => type === 'change.closed')).toHaveLength(1);
    },
  );

  test('of what expired tells so, however often it fails at first', async () => {
    let failed = 0;
    hooks.set('before.close', () => (failed++ < 3 ? Promise.reject(new Error('away')) : Promise.resolve()));
    const { id } = await steps.asked(await testbed.certificate(), { decideBy: inMs(3000) });
    expect(await steps.ended(id)).toMatchObject({
      decisionStatus: 'expired',
      executionStatus: 'not_started',
    });
    expect((await workflowEnd(id)).decisionStatus).toBe('expired');
    expect((await types(id)).slice(-2)).toEqual(['change.expired', 'change.closed']);
  });

  test('lets nothing come between: what is asked for meanwhile is refused', async () => {
    let failed = 0;
    const [reached, goOn] = [Promise.withResolvers<null>(), Promise.withResolvers<null>()];
    hooks.set('before.close', async () => {
      if (failed++ === 0) throw new Error('away');
      reached.resolve(null);
      await goOn.promise;
    });
    const { id } = await steps.approved(await testbed.certificate());
    await reached.promise;
    expect(await codeOf(control(id, 'pause'))).toBe('change_closed');
    goOn.resolve(null);
    expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
    expect(await types(id)).not.toContain('change.paused');
  });
});

describe('a call before a drift', () => {
  test('is in the outcome of a change that nobody approves again', async () => {
    const { id } = await driftedAfterCall();
    await decide(api.users.bob, await api.users.alice.change(id), 'reject');
    expect(await steps.ended(id)).toMatchObject({
      decisionStatus: 'rejected',
      executionStatus: 'failed',
      outcome: { code: 'rejected' },
    });
  });
});

describe('an operator’s word during the read that finds a drift', () => {
  async function reading(): Promise<{ id: string; sn: string }> {
    const sn = await testbed.certificate();
    const asked = await steps.asked(sn);
    await rename(sn);
    await testbed.slowRead(sn, 2000);
    await decide(api.users.bob, asked);
    await testbed.untilScriptTaken(sn);
    return { id: asked.id, sn };
  }

  test('ends the change when it is to abandon it', async () => {
    const { id, sn } = await reading();
    await control(id, 'abandon');
    expect(await steps.ended(id)).toMatchObject({
      executionStatus: 'cancelled',
      outcome: { code: 'abandoned' },
    });
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('holds the change in its next round when it is to pause it', async () => {
    const { id, sn } = await reading();
    await control(id, 'pause');
    const again = await changeThat(api.users.alice, id, (c) => c.round === 2 && c.digest !== null);
    await decide(api.users.bob, again);
    await changeThat(api.users.alice, id, (c) => c.executionStatus === 'paused');
    expect(await testbed.calls(sn)).toEqual([]);
    await control(id, 'resume');
    expect((await steps.ended(id)).executionStatus).toBe('succeeded');
  });
});

test('an answer that no repeat helps ends a change, also one that was paused meanwhile', async () => {
  const sn = await testbed.certificate();
  await testbed.fault(sn, { status: 403, code: 'PermissionCheckFailed', delayMs: 2000 });
  const { id } = await steps.approved(sn);
  await eventually(async () => ((await testbed.calls(sn)).length === 1 ? true : null));
  await control(id, 'pause');
  expect(await steps.ended(id)).toMatchObject({
    executionStatus: 'failed',
    outcome: { code: 'PermissionCheckFailed' },
  });
  expect(await testbed.calls(sn)).toHaveLength(1);
});

// The last: nothing can be asked for under this policy afterwards.
test('a call before a drift does not keep a change from ending with its policy, once', async () => {
  const { id } = await driftedAfterCall();
  const { policy } = await api.users.alice.change(id);
  const revoke = () =>
    api.users.adam.post('/v1/policy-revocations', { digest: policy.digest, comment: 'wrong' });
  await revoke();
  expect(await steps.ended(id)).toMatchObject({
    decisionStatus: 'refused',
    executionStatus: 'failed',
    outcome: { code: 'policy_revoked' },
  });
  expect((await types(id)).filter((type) => type === 'change.abandoned')).toHaveLength(1);
});
