import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { goesOn } from '../../activities/host.ts';
import { startTemporalProxy } from '../support/temporal-proxy.ts';
import type { GrpcRefusal } from '../support/temporal-proxy.ts';

/* Whether a host goes on, asked of a real Temporal server which may refuse to tell. */

const address = inject('temporalAddress');

async function asks(refused: GrpcRefusal | null, attempt = 1) {
  const proxy = await startTemporalProxy({
    address,
    authorize: ({ ':path': path }) =>
      path?.endsWith('/DescribeWorkflowExecution') === true ? refused : null,
  });
  const connection = await Connection.connect({ address: proxy.address });
  onTestFinished(async () => {
    await connection.close();
    await proxy.stop();
  });
  const client = new Client({ connection });
  const workflowId = `host-${randomUUID()}`;
  const handle = await client.workflow.start('nobodyRunsThis', { workflowId, taskQueue: workflowId });
  onTestFinished(() => handle.terminate().then(() => undefined));
  const runId = handle.firstExecutionRunId;
  const host = { namespace: 'default', workflowId, runId, firstRunId: runId, type: 'nobodyRunsThis' };
  const environment = new MockActivityEnvironment({ attempt }, { client });
  return await environment.run(() => goesOn(host, true));
}

test('a host that runs goes on', async () => {
  expect(await asks(null)).toBe(true);
});

test('a host of a namespace that stays closed to this worker does not: its change ends', async () => {
  const refused = { status: 7, message: 'not for you' };
  await expect(asks(refused, 24)).rejects.toThrow('not for you');
  expect(await asks(refused, 25)).toBe(false);
});

test('a server that cannot answer now says nothing', async () => {
  await expect(asks({ status: 9, message: 'not now' })).rejects.toThrow('not now');
});
