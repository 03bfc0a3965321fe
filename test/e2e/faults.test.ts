import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../api/engine.ts';
import type { ChangeView } from '../../api/change-view.ts';
import { apiClient } from '../../client/api-client.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { freePort } from '../../embedded/free-port.ts';
import { startTemporal } from '../../embedded/temporal.ts';
import { createStatementSigner } from '../../identity/statement-signer.ts';
import { takeAway } from '../support/database.ts';
import { faultPoints } from '../support/fault-points.ts';
import { approvalRequest, startHost } from '../support/host.ts';
import { codeOf, decide, inMs, stepsOf, post } from '../support/steps.ts';
import { ownDatabase } from '../support/own-database.ts';
import { startDyingWorker, startProcess } from '../support/process.ts';
import {
  changeThat,
  eventually,
  startApi,
  startTestbed,
  startWorkers,
  submission,
} from '../support/service.ts';
import { PROJECT_HOME, temporaryHome } from '../support/stack.ts';
import { expectWhole } from '../support/whole-log.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { replayAll } from '../support/replay.ts';
import type { Testbed } from '../support/service.ts';
import { person } from '../store/change-fixture.ts';

describe.concurrent('an answer that cannot be recorded', { timeout: 300_000 }, () => {
  /** A change whose log is away from the vendor's answer on. */
  async function answered(times: () => object = () => ({})) {
    const testbed = await startTestbed();
    const api = await startApi(testbed, { engineDeadlineMs: 60_000 });
    const away = Promise.withResolvers<() => Promise<void>>();
    const workers = await startWorkers(testbed, {
      at: async (point) => {
        if (point === 'call.answered') away.resolve(await takeAway(testbed.database, 'unwritable'));
      },
    });
    const sn = await testbed.certificate();
    const { id } = await stepsOf(api).approved(sn, times());
    return {
      testbed,
      id,
      giveBack: await away.promise,
      async expectRecordedOnce(): Promise<void> {
        const { attempts } = await expectWhole(api, testbed, id, sn);
        const calls = await testbed.calls(sn);
        expect(calls).toHaveLength(1);
        expect(attempts).toMatchObject([{ outcome: 'succeeded', requestId: calls[0]?.requestId }]);
      },
      async stop(): Promise<void> {
        await workers.stop();
        await api.stop();
        await testbed.stop();
      },
    };
  }

  test('for a minute is recorded once then, and time-outs would allow for ten', async () => {
    const minute = await answered();
    const { testbed, id } = minute;
    const { events } = await testbed.client.workflow.getHandle(workflowIdOf(id)).fetchHistory();
    const call = events
      ?.map((event) => event.activityTaskScheduledEventAttributes)
      .find((scheduled) => scheduled?.activityType?.name === 'ActiveCaCertificate');
    expect(Number(call?.startToCloseTimeout?.seconds)).toBeGreaterThan(600);
    await delay(60_000);
    await minute.giveBack();
    await minute.expectRecordedOnce();
    await minute.stop();
  });

  test('until after execute-by is recorded once then', async () => {
    let executeBy = '';
    const past = await answered(() => {
      executeBy = inMs(30_000);
      return { executeBy, decideBy: inMs(29_000) };
    });
    await delay(Date.parse(executeBy) + 3_000 - Date.now());
    await past.giveBack();
    await past.expectRecordedOnce();
    await past.stop();
  });
});

describe.concurrent('a worker killed with SIGKILL', { timeout: 300_000 }, () => {
  test.each(faultPoints)('at %s: the change ends once and its log is whole', async (point) => {
    const testbed = await startTestbed();
    const api = await startApi(testbed, { engineDeadlineMs: 60_000 });
    const sn = await testbed.certificate();
    const key = randomUUID();
    const dying = await startDyingWorker(testbed, point);
    const posted = post(api.users.alice, sn, key).catch(() => null);
    let change: ChangeView | null = null;
    if (!['change.opened', 'target.read', 'prechecked'].includes(point)) {
      const { id } = (await posted) ?? (await post(api.users.alice, sn, key));
      change = await changeThat(api.users.alice, id, (c) => c.digest !== null);
      await decide(api.users.bob, change).catch(() => null);
    }
    const [, signal] = await dying.exited;
    expect(signal).toBe('SIGKILL');
    const healthy = await startProcess(testbed, 'worker');
    if (change === null) {
      await posted;
      const { id } = await eventually(() => post(api.users.alice, sn, key));
      change = await changeThat(api.users.alice, id, (c) => c.digest !== null);
      await decide(api.users.bob, change);
    }
    // A decision whose answer was lost, sent again: the same change, and nothing new.
    const seen = change;
    expect((await eventually(() => decide(api.users.bob, seen))).decisions).toHaveLength(1);
    await expectWhole(api, testbed, change.id, sn);
    await healthy.stop();
    await api.stop();
    await testbed.stop();
  });

  test.each(['change.opened', 'target.read'] as const)(
    'at %s of a host’s change: it is opened once, its host hears of it, and it ends once',
    async (point) => {
      const testbed = await startTestbed();
      const api = await startApi(testbed);
      const host = await startHost(testbed);
      const rules = { COUNTERSIGN_HOSTS: `${testbed.namespace}/keyed` };
      const sn = await testbed.certificate();
      const dying = await startDyingWorker(testbed, point, rules);
      const handle = await host.start('keyed', approvalRequest(sn, { key: 'the line' }), 'goes on');
      const [, signal] = await dying.exited;
      expect(signal).toBe('SIGKILL');
      const healthy = await startProcess(testbed, 'worker', rules);
      const { id } = await eventually(async () => {
        const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
        return items[0] ?? null;
      });
      await decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null));
      expect(await handle.result()).toEqual({ id, failure: null, executionStatus: 'succeeded' });
      // It was asked for in another alice's name.
      const { users } = api;
      await expectWhole({ ...api, users: { ...users, alice: users.bob } }, testbed, id, sn);
      await healthy.stop();
      await host.stop();
      await api.stop();
      await testbed.stop();
    },
  );

  /** A host's change whose worker was killed at a point of its first task, and nobody goes on yet. */
  async function lostFirstTask(point: 'change.opened' | 'target.read') {
    const testbed = await startTestbed();
    const api = await startApi(testbed, { engineDeadlineMs: 60_000 });
    const host = await startHost(testbed);
    const sn = await testbed.certificate();
    const rules = { COUNTERSIGN_HOSTS: `${testbed.namespace}/keyed` };
    const dying = await startDyingWorker(testbed, point, rules);
    const handle = await host.start('keyed', approvalRequest(sn, { key: 'the line' }), 'goes on');
    await dying.exited;
    const [open] = (await api.users.bob.list(new URLSearchParams({ sn }))).items;
    const id = open?.id ?? '';
    expect(open).toMatchObject({ closedAt: null });
    return {
      ...{ testbed, api, handle, id, sn, rules },
      isCancelled: () => isAskedToEnd(testbed, id),
      ended: () => changeThat(api.users.bob, id, (c) => c.closedAt !== null),
      async stop(): Promise<void> {
        await host.stop();
        await api.stop();
        await testbed.stop();
      },
    };
  }

  /** Waits until Temporal has the cancellation of a change's workflow. */
  async function isAskedToEnd({ client }: Testbed, id: string): Promise<void> {
    await eventually(async () => {
      const { events } = await client.workflow.getHandle(workflowIdOf(id)).fetchHistory();
      return events?.find((event) => event.workflowExecutionCancelRequestedEventAttributes) ?? null;
    });
  }

  test.each(['change.opened', 'target.read'] as const)(
    'at %s of a host’s change, and its host is cancelled: it is withdrawn, and the host hears so',
    async (point) => {
      const lost = await lostFirstTask(point);
      await lost.handle.cancel();
      await lost.isCancelled();
      const healthy = await startProcess(lost.testbed, 'worker', lost.rules);
      expect(await lost.handle.result()).toEqual({
        id: lost.id,
        failure: 'CancelledFailure',
        executionStatus: 'not_started',
      });
      expect(await lost.ended()).toMatchObject({
        decisionStatus: 'withdrawn',
        outcome: { code: 'host_cancelled' },
      });
      expect(await findingsInLog(lost.testbed)).toEqual([]);
      expect(await replayAll(lost.testbed)).toBe(1);
      await healthy.stop();
      await lost.stop();
    },
  );

  test('at change.opened of a host’s change, and its host is gone for good: it is withdrawn', async () => {
    const { testbed, handle, ...lost } = await lostFirstTask('change.opened');
    await testbed.connection.workflowService.deleteWorkflowExecution({
      namespace: testbed.namespace,
      workflowExecution: { workflowId: handle.workflowId },
    });
    await lost.isCancelled();
    await eventually(() =>
      handle.describe().then(
        () => null,
        () => true,
      ),
    );
    const healthy = await startProcess(testbed, 'worker', lost.rules);
    expect(await lost.ended()).toMatchObject({
      decisionStatus: 'withdrawn',
      outcome: { code: 'host_cancelled' },
    });
    await healthy.stop();
    await lost.stop();
  });

  test('at change.opened of a host’s change, and its host may ask no more: it goes on, and who decides meanwhile is heard', async () => {
    const { testbed, api, handle, id, sn, ...lost } = await lostFirstTask('change.opened');
    // It was read before the worker died, so it is shown; its workflow does not know yet.
    const decided = decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null));
    const healthy = await startProcess(testbed, 'worker', { COUNTERSIGN_HOSTS: 'elsewhere/*' });
    expect((await decided).decisions).toHaveLength(1);
    expect(await handle.result()).toEqual({ id, failure: null, executionStatus: 'succeeded' });
    expect(await testbed.calls(sn)).toHaveLength(1);
    await healthy.stop();
    await lost.stop();
  });

  test('at closed, and an operator asks before the workflow knows: refused, the change ends once', async () => {
    const testbed = await startTestbed();
    const api = await startApi(testbed, { engineDeadlineMs: 60_000 });
    const sn = await testbed.certificate();
    const dying = await startDyingWorker(testbed, 'closed');
    const { id } = await stepsOf(api).approved(sn);
    await dying.exited;
    // The API, which sees the end in Postgres, would not send it on: this one was on its way before.
    const signer = createStatementSigner(await readFile(testbed.keys.privateKey, 'utf8'));
    const signed = signer.sign({
      v: 1,
      kind: 'execution',
      changeId: id,
      person: { ...person('olga'), roles: ['operator'] },
      action: 'pause',
      comment: 'wait',
      digest: null,
      round: 1,
      at: new Date().toISOString(),
    });
    const asked = codeOf(createEngine(testbed.client, 120_000).send({ signed, source: null }));
    const healthy = await startProcess(testbed, 'worker');
    expect(await asked).toBe('change_closed');
    await expectWhole(api, testbed, id, sn);
    await healthy.stop();
    await api.stop();
    await testbed.stop();
  });
});

test(
  'the API killed between the start and its answer: the same key finds the same change',
  { timeout: 300_000 },
  async () => {
    const testbed = await startTestbed();
    const api = await startApi(testbed);
    const sn = await testbed.certificate();
    const port = String(await freePort());
    const process_ = await startProcess(testbed, 'api', { PORT: port });
    const doomed = apiClient(`http://127.0.0.1:${port}`, await testbed.identity.tokenFor('alice'));
    const key = randomUUID();
    const lost = doomed
      .post<ChangeView>('/v1/changes', submission(sn), { 'Idempotency-Key': key })
      .catch((e: unknown) => e);
    // No worker is there yet, so the API waits for the first entry, and dies waiting.
    await eventually(async () => {
      for await (const found of testbed.client.workflow.list()) if (found.workflowId) return true;
      return null;
    });
    await process_.stop();
    expect(await lost).toBeInstanceOf(Error);
    const workers = await startWorkers(testbed);
    const change = await eventually(() => post(api.users.alice, sn, key));
    const seen = await changeThat(api.users.alice, change.id, (c) => c.digest !== null);
    await decide(api.users.bob, seen);
    await expectWhole(api, testbed, change.id, sn);
    await workers.stop();
    await api.stop();
    await testbed.stop();
  },
);

describe('a server killed with SIGKILL', { timeout: 300_000 }, () => {
  test.each(['Temporal', 'Postgres'] as const)(
    '%s, while a change waits and again during its retries',
    async (victim) => {
      const home = await temporaryHome();
      const port = await freePort();
      const temporalUp = () =>
        startTemporal({
          home: PROJECT_HOME,
          env: process.env,
          dbFilename: join(home, 'temporal.db'),
          port,
        });
      const postgres = await ownDatabase(home);
      let temporal = await temporalUp();
      const testbed = await startTestbed({ temporalAddress: temporal.address, database: postgres.database });
      const api = await startApi(testbed, { engineDeadlineMs: 30_000 });
      const workers = await startWorkers(testbed);
      const restart = async () => {
        if (victim === 'Temporal') {
          temporal.kill('SIGKILL');
          await temporal.exited;
          temporal = await temporalUp();
        } else {
          await postgres.kill();
          await postgres.start();
        }
      };
      const sn = await testbed.certificate();
      await testbed.fault(sn, { times: 4 });
      const { id } = await post(api.users.alice, sn, randomUUID());
      const change = await changeThat(api.users.alice, id, (c) => c.digest !== null);
      await restart();
      await eventually(() => decide(api.users.bob, change));
      await changeThat(api.users.alice, id, (c) => c.attempts.length >= 2);
      await restart();
      const end = await expectWhole(api, testbed, id, sn);
      expect(end.attempts.length).toBeGreaterThanOrEqual(5);
      await workers.stop();
      await api.stop();
      await testbed.stop();
      await temporal.stop();
      await postgres.stop();
    },
  );
});
