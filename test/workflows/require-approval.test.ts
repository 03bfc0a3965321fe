import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePool } from '../../store/pool.ts';
import type { Asking } from '../support/host-workflows.ts';
import { eventually, instance, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

const alice = { issuer: 'https://idp.example', subject: 'alice' };
const good = { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn: 'SN-1' };

let testbed: Testbed;
let pool: Pool;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  testbed = await startTestbed();
  pool = makePool({ connectionString: testbed.database.url('worker'), applicationName: 'test' });
  workers = await startWorkers(testbed);
});
afterAll(async () => {
  await workers.stop();
  await pool.end();
  await testbed.stop();
});

async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WorkflowFailedError);
  const { cause } = error as WorkflowFailedError;
  expect(cause).toBeInstanceOf(ApplicationFailure);
  return cause as ApplicationFailure;
}

describe('requireApproval', () => {
  let host: Worker;
  let running: Promise<void>;
  let connection: NativeConnection;

  beforeAll(async () => {
    connection = await NativeConnection.connect({ address: testbed.temporalAddress });
    host = await Worker.create({
      connection,
      namespace: testbed.namespace,
      taskQueue: 'host',
      workflowsPath: fileURLToPath(import.meta.resolve('../support/host-workflows.ts')),
    });
    running = host.run();
  });
  afterAll(async () => {
    host.shutdown();
    await running;
    await connection.close();
  });

  const plain: Asking = {
    operation: 'ActiveCaCertificate',
    input: good,
    justification: 'the line moves',
    requester: alice,
  };
  const start = (request: Partial<Asking>) =>
    testbed.client.workflow.start('requireApproval', {
      workflowId: randomUUID(),
      taskQueue: 'host',
      args: [{ ...plain, ...request }],
    });
  const asked = async (request: Partial<Asking>): Promise<unknown> =>
    (await start(request)).result();

  test.each<[string, string, Partial<Asking>]>([
    ['invalid_request', 'an Sn of 129 bytes', { input: { ...good, sn: 'a'.repeat(129) } }],
    ['invalid_request', 'a lone surrogate', { input: { ...good, sn: '\uD800' } }],
    ['invalid_request', 'no input', { input: {} }],
    ['invalid_request', 'an unknown operation', { operation: 'DeleteCaCertificate' }],
    ['not_approved', 'a certificate that is not there', { input: { ...good, sn: 'SN-none' } }],
  ])('throws %s for %s', async (type, _name, request) => {
    expect(await failureOf(asked(request))).toMatchObject({ type });
  });

  test('throws open_change_exists while another change is open on the target', async () => {
    const sn = await testbed.certificate();
    const request = { input: { ...good, sn } };
    await start(request);
    await eventually(async () => {
      const { rows } = await pool.query('select from countersign.open_target');
      return rows.length > 0 || null;
    });
    expect(await failureOf(asked(request))).toMatchObject({ type: 'open_change_exists' });
  });

  test('its change is found by all four search attributes, like one that came by the API', async () => {
    const sn = await testbed.certificate();
    await start({ input: { ...good, sn } });
    const query = [
      'WorkflowType = "change"',
      'CountersignOperation = "ActiveCaCertificate"',
      `CountersignTarget = "cn-hangzhou/${instance}/${sn}"`,
      'CountersignDecision = "pending"',
      'CountersignExecution = "not_started"',
    ].join(' AND ');
    await eventually(async () => (await testbed.client.workflow.count(query)).count === 1 || null);
  });
});
