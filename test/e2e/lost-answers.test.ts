import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SignedStatement } from '../../domain/statement.ts';
import type { FaultPoint } from '../support/fault-points.ts';
import { problemsIn } from '../support/followed.ts';
import { decide, entriesOf, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import {
  changeThat,
  dependenciesOf,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* A call whose answer was lost may have worked. However the change goes on, its end is what the target shows, or not known. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;
/** Whether the workers have the key by which the API signs. */
let knowsKey = true;
/** What happens when a worker comes to a point. */
const hooks = new Map<FaultPoint, () => Promise<unknown>>();

beforeAll(async () => {
  testbed = await startTestbed();
  const deps = await dependenciesOf(testbed);
  await deps.stop();
  const at = async (point: FaultPoint): Promise<void> => {
    await hooks.get(point)?.();
  };
  const verifyStatement = (signed: SignedStatement): boolean => knowsKey && deps.verifyStatement(signed);
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed, { at, verifyStatement })]);
  steps = stepsOf(api);
});
afterEach(() => {
  hooks.clear();
  knowsKey = true;
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThan(3);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

/** Somebody else's hand on a certificate. */
const put = (sn: string, caName: string, status: '0' | '1') =>
  testbed.control('PUT', '/_sim/certificates', { mqttInstanceId: instance, sn, caName, status });
/** The next answers to reads of a certificate. */
const reads = async (sn: string, ...faults: object[]): Promise<void> => {
  for (const fault of faults) {
    await testbed.control('POST', '/_sim/faults', { action: 'GetCaCertificate', sn, ...fault });
  }
};

/** A change whose first call works and whose answer is lost. @param then - what happens before the target is read again */
async function lost(then: (sn: string) => Promise<unknown>): Promise<{ id: string; sn: string }> {
  const sn = await testbed.certificate();
  await testbed.fault(sn, { kind: 'hangAfterApply' });
  hooks.set('call.answered', async () => {
    hooks.clear();
    await then(sn);
  });
  const { id } = await steps.approved(sn);
  return { id, sn };
}

async function problemsOf(id: string): Promise<string[]> {
  const problems = problemsIn(await entriesOf(api.users.dave, id), await api.users.alice.change(id));
  return problems.map(({ code }) => code);
}

describe('a call whose answer was lost', () => {
  test('and that worked after the target had been read: the service’s final word on the next one is not the end', async () => {
    const { id, sn } = await lost(async (sn) => {
      // As before: what the first call does, nobody sees yet.
      await put(sn, 'line', '0');
      await testbed.fault(sn, { status: 403, code: 'PermissionCheckFailed' });
      hooks.set('sealed', async () => {
        hooks.clear();
        await put(sn, 'line', '1');
      });
    });
    expect(await steps.ended(id)).toMatchObject({
      executionStatus: 'succeeded',
      outcome: { reconciled: true },
      attempts: [{ outcome: 'unknown' }, { outcome: 'failed', code: 'PermissionCheckFailed' }],
    });
    expect(await testbed.calls(sn)).toHaveLength(2);
    expect(await problemsOf(id)).toEqual([]);
  });

  test('and whose worker has lost the keys: it succeeded all the same', async () => {
    const { id, sn } = await lost(() => {
      knowsKey = false;
      return Promise.resolve();
    });
    expect(await steps.ended(id)).toMatchObject({
      executionStatus: 'succeeded',
      outcome: { reconciled: true },
    });
    expect(await testbed.calls(sn)).toHaveLength(1);
    expect(await problemsOf(id)).toEqual([]);
  });

  test('of a change that is abandoned while its drifted target is read again: nobody knows', async () => {
    const { id, sn } = await lost(async (sn) => {
      await put(sn, 'renamed', '1');
      await reads(sn, { kind: 'pass' }, { kind: 'error', times: 6 });
    });
    await changeThat(api.users.alice, id, (c) => c.decisionStatus === 'pending' && c.digest === null);
    await testbed.untilScriptTaken(sn);
    await api.users.olga.post(`/v1/changes/${id}/execution`, { action: 'abandon', comment: 'enough' });
    expect(await steps.ended(id)).toMatchObject({
      decisionStatus: 'withdrawn',
      executionStatus: 'outcome_unknown',
    });
    expect(await problemsOf(id)).toEqual([]);
  });

  test('of a change whose target may not be read any more: nobody knows', async () => {
    const { id } = await lost(async (sn) => {
      await put(sn, 'renamed', '1');
      await reads(sn, { kind: 'pass' }, { status: 403, code: 'PermissionCheckFailed' });
    });
    expect(await steps.ended(id)).toMatchObject({
      decisionStatus: 'refused',
      executionStatus: 'outcome_unknown',
    });
    expect(await problemsOf(id)).toEqual([]);
  });
});

test('a change whose target has drifted is shown while it is read again, and nobody is said to have edited it', async () => {
  const sn = await testbed.certificate();
  const asked = await steps.asked(sn);
  await put(sn, 'renamed', '0');
  await reads(sn, { kind: 'pass' }, { kind: 'error', times: 4 });
  const { id } = await decide(api.users.bob, asked);
  await changeThat(api.users.alice, id, (c) => c.decisionStatus === 'pending' && c.digest === null);
  const again = await changeThat(api.users.alice, id, (c) => c.round === 2 && c.digest !== null);
  await decide(api.users.bob, again);
  expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
  const types = (await entriesOf(api.users.dave, id)).map(({ type }) => type);
  expect(types).toContain('change.drifted');
  expect(types).not.toContain('integrity.differs');
});
