import { randomUUID } from 'node:crypto';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { approvalRequest, failureOf, startHost } from '../support/host.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { secretEncoding, strictCodec } from '../support/strict-codec.ts';

/* What a host and our workers cannot do with each other is a typed failure of the host within seconds. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

async function hostOf(...args: Parameters<typeof startHost>) {
  const host = await startHost(...args);
  stops.unshift(() => host.stop());
  return host;
}

/** A namespace that nobody has prepared. */
async function bareNamespace(): Promise<string> {
  const namespace = `bare-${randomUUID()}`;
  await testbed.connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 } as never,
  });
  return namespace;
}

const soon = async (handle: WorkflowHandleWithFirstExecutionRunId) => {
  const began = Date.now();
  const failure = await failureOf(handle);
  expect(Date.now() - began).toBeLessThan(30_000);
  return failure;
};

const started = (host: Awaited<ReturnType<typeof startHost>>, ...args: unknown[]) =>
  eventually(() => host.start('requireApproval', ...args));

test('a namespace without any worker of ours', async () => {
  const host = await hostOf(testbed, { namespace: await bareNamespace() });
  const handle = await started(host, approvalRequest('SN-1', { beginWithinMs: 2000 }));
  expect(await soon(handle)).toMatchObject({ type: 'engine_unavailable', nonRetryable: true });
});

test('a cancelled host of such a namespace ends as cancelled', async () => {
  const host = await hostOf(testbed, { namespace: await bareNamespace() });
  const handle = await started(host, approvalRequest('SN-1', { beginWithinMs: 2000 }));
  await handle.cancel();
  expect(await soon(handle)).toBeInstanceOf(CancelledFailure);
});

test('a namespace without our search attributes', async () => {
  const namespace = await bareNamespace();
  const bare = { ...testbed, namespace };
  const ours = await eventually(() => startWorkers(bare));
  stops.unshift(() => ours.stop());
  const host = await hostOf(bare);
  const handle = await started(host, approvalRequest(await testbed.certificate()));
  const failure = await soon(handle);
  expect(failure).toMatchObject({ type: 'invalid_configuration' });
  expect(failure?.message).toContain('CountersignTarget');
});

test('a codec that our workers do not have', async () => {
  const host = await hostOf(testbed, { codecs: [strictCodec] });
  const handle = await host.start('requireApproval', approvalRequest(await testbed.certificate()));
  const failure = await soon(handle);
  expect(failure).toMatchObject({ type: 'invalid_request' });
  expect(failure?.message).toContain(secretEncoding);
});

test('an argument that is no JSON', async () => {
  const host = await hostOf(testbed, {
    codecs: [
      {
        encode: (payloads) =>
          Promise.resolve(payloads.map((one) => ({ ...one, data: Buffer.from('{"cut sho') }))),
        decode: (payloads) => Promise.resolve(payloads),
      },
    ],
  });
  // Its own argument would be cut, too.
  const handle = await host.client.workflow.start('change', {
    workflowId: `change-${randomUUID()}`,
    taskQueue: 'countersign',
    args: [{}],
  });
  expect(await soon(handle)).toMatchObject({ type: 'invalid_request' });
});

test('a word that cannot be read is refused, and its change goes on', async () => {
  const host = await hostOf(testbed);
  const sn = await testbed.certificate();
  const handle = await host.start('requireApproval', approvalRequest(sn));
  const { id } = await eventually(async () => {
    const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
    return items[0] ?? null;
  });
  const coded = await hostOf(testbed, { codecs: [strictCodec] });
  const sent = coded.client.workflow.getHandle(`change-${id}`).executeUpdate('decide', { args: [{}] });
  await expect(sent).rejects.toThrow();
  // A signal cannot be refused: it is left.
  await coded.client.workflow.getHandle(`change-${id}`).signal('stop', {});
  await host.client.workflow.getHandle(`change-${id}`).signal('stop');
  await changeThat(api.users.bob, id, (c) => c.digest !== null);
  await handle.cancel();
  expect(await changeThat(api.users.bob, id, (c) => c.closedAt !== null)).toMatchObject({
    decisionStatus: 'withdrawn',
  });
});
