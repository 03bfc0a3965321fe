import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import type { AlarmCode } from '../../domain/alarm.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { policyPinned } from '../../domain/policy-entry.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { makePool } from '../../store/pool.ts';
import { changeWorkflowType } from '../../domain/change.ts';
import type { Change, ChangeRequest } from '../../domain/change.ts';
import { entryBodyOf } from '../../domain/change-event.ts';
import type { ChangeEvent } from '../../domain/change-event.ts';
import { personActor } from '../../domain/entry.ts';
import type { EntryDraft } from '../../domain/entry.ts';
import { insertChange } from '../../store/insert-change.ts';
import { signedRequest } from '../support/signed-request.ts';
import { changeTaskQueue, vendorTaskQueue } from '../support/task-queues.ts';
import { change as changeFixture } from '../store/change-fixture.ts';
import { honest } from '../support/honest.ts';
import { instance, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { pins } from '../support/operations.ts';
import { caTarget } from '../support/target.ts';

/* A policy's digest is made anew by the worker: rules of one's own under the name and digest of a policy call nothing. */

let testbed: Testbed;
let pool: Pool;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let connection: NativeConnection;
let host: Worker;
let running: Promise<void>;
const alarms: AlarmCode[] = [];

beforeAll(async () => {
  testbed = await startTestbed();
  pool = makePool({ connectionString: testbed.database.url('worker'), applicationName: 'test' });
  workers = await startWorkers(testbed, { alarm: (code) => void alarms.push(code) });
  connection = await NativeConnection.connect({ address: testbed.temporalAddress });
  host = await Worker.create({
    connection,
    namespace: testbed.namespace,
    taskQueue: 'direct',
    workflowsPath: fileURLToPath(import.meta.resolve('./direct.ts')),
  });
  running = host.run();
});
afterAll(async () => {
  host.shutdown();
  await running;
  await connection.close();
  await workers.stop();
  await pool.end();
  await testbed.stop();
});

const strict = honest({
  ...fourEyes,
  name: 'critical',
  stages: [{ name: 'all', groups: [{ group: null, threshold: 3 }] }],
});
const forged: [string, PinnedPolicy][] = [
  ['one seat under the name and digest of three', { ...strict, stages: fourEyes.stages }],
  ['an invented digest, which nobody can revoke', { ...fourEyes, digest: 'e'.repeat(64) }],
  ['a member that the digest does not know', { ...fourEyes, note: 'x' } as PinnedPolicy],
];

/** The innermost failure that a workflow ended with. */
async function typeOf(work: Promise<unknown>): Promise<string | null | undefined> {
  let error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  while (error instanceof Error && error.cause instanceof Error) error = error.cause;
  return error instanceof ApplicationFailure ? error.type : String(error);
}

/** The entry of a change's submission, as it would be under that policy. */
function requestedEntry(change: Change): EntryDraft {
  const { id, operation, target, input, justification, ticket, breakGlass, policy } = change;
  const { submittedAt, decideBy, executeAfter, asked } = change;
  const event: ChangeEvent = {
    ...{ type: 'change.requested', time: submittedAt, actor: personActor(change.requester), changeId: id },
    ...{
      operation,
      target: target.id,
      scope: target.scope,
      label: target.label,
      input,
      justification,
      ticket,
      breakGlass,
      pinnedPolicy: policy,
    },
    ...{ operationVersion: change.operationVersion, inputSchemaDigest: change.inputSchemaDigest },
    ...{ submittedAt, decideBy, executeAfter, ...asked, idempotency: null },
  };
  return { key: `test/change-${id}/change.requested/1`, body: entryBodyOf(change, event, {}) };
}

describe.each(forged)('%s', (_what, policy) => {
  const made = () => {
    const sn = randomUUID();
    const input = { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn };
    return { ...changeFixture({ input, target: caTarget(input) }), policy };
  };

  test('opens nothing', async () => {
    const { asked, ...change } = made();
    const now = Date.now();
    const request: ChangeRequest = {
      ...pins,
      ...{ id: change.id, operation: change.operation, input: change.input, target: change.target },
      requester: { ...change.requester, roles: ['requester'] },
      justification: 'why',
      ticket: null,
      breakGlass: false,
      policy,
      submittedAt: new Date(now).toISOString(),
      decideBy: new Date(now + 60_000).toISOString(),
      executeAfter: null,
      executeBy: null,
      executeWithinMs: asked.executeWithinMs,
      submission: null,
      idempotency: null,
      source: null,
    };
    const before = alarms.length;
    const type = await typeOf(
      testbed.client.workflow.execute(changeWorkflowType, {
        workflowId: `change-${change.id}`,
        taskQueue: changeTaskQueue,
        args: [await signedRequest(testbed, request)],
      }),
    );
    expect(['policy_digest_differs', 'invalid_request']).toContain(type);
    if (type === 'policy_digest_differs') expect(alarms.slice(before)).toEqual(['policy_digest_differs']);
    expect((await pool.query('select from countersign.change where id = $1', [change.id])).rows).toEqual([]);
  });

  // Nobody but a worker of ours can have put it there.
  test.each<[string, string, object]>([
    ['record', changeTaskQueue, { events: [] }],
    ['precheck', vendorTaskQueue, { ordinal: 1 }],
    ['ActiveCaCertificate', vendorTaskQueue, {}],
  ])('has %s do nothing', async (activity, taskQueue, input) => {
    const change = made();
    const changeId = change.id;
    await insertChange(pool, change);
    await appendEntry(pool, policyPinned(policy, '2026-11-24T09:00:00.000Z'));
    await appendEntry(pool, requestedEntry(change));
    const type = await typeOf(
      testbed.client.workflow.execute('direct', {
        workflowId: `change-${changeId}`,
        taskQueue: 'direct',
        args: [taskQueue, activity, { changeId, ...input }],
      }),
    );
    expect(type).toBe('policy_digest_differs');
    expect(alarms.at(-1)).toBe('policy_digest_differs');
    const { rowCount } = await pool.query('select from audit.entry where change_id = $1', [changeId]);
    expect(rowCount).toBe(1);
    await pool.query('update countersign.change set closed_at = now() where id = $1', [changeId]);
  });
});
