import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { approvalRequest, failureOf, startHost } from '../support/host.ts';
import { replayAll } from '../support/replay.ts';
import { instance, serveApi, startApi, startTestbed, startWorkers, submission } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
});
afterAll(async () => {
  await replayAll(testbed);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

const inRegion = (sn: string, regionId: string) =>
  submission(sn, { input: { regionId, mqttInstanceId: instance, sn } });

async function post(
  url: string,
  body: object,
  key: string = randomUUID(),
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${url}/v1/changes`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await testbed.identity.tokenFor('alice')}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function changesOf(sn: string): Promise<number> {
  return (await api.users.dave.list(new URLSearchParams({ sn }))).items.length;
}

test('a request for another region is refused, with the field, and starts nothing', async () => {
  const sn = await testbed.certificate();
  const { status, body } = await post(api.url, inRegion(sn, 'cn-shanghai'));
  expect(status).toBe(400);
  expect(body).toMatchObject({
    code: 'region_not_served',
    errors: [{ field: 'input.regionId', rule: 'served_region' }],
  });
  expect(await changesOf(sn)).toBe(0);
});

test('an API that serves another region cannot have it opened by the worker', async () => {
  const sn = await testbed.certificate();
  const other = await serveApi(testbed, { region: 'cn-shanghai' });
  try {
    const { status, body } = await post(other.url, inRegion(sn, 'cn-shanghai'));
    expect([status, body.code]).toEqual([400, 'region_not_served']);
    expect(await changesOf(sn)).toBe(0);
    // The target is free.
    const key = randomUUID();
    expect(await post(api.url, inRegion(sn, 'cn-hangzhou'), key)).toMatchObject({ status: 201 });
    // What was accepted once is answered again, whatever region is served now.
    expect(await post(other.url, inRegion(sn, 'cn-hangzhou'), key)).toMatchObject({ status: 200 });
  } finally {
    await other.stop();
  }
});

test('a workflow that comes past the API fails with the code', async () => {
  const sn = await testbed.certificate();
  const input = { regionId: 'cn-shanghai', mqttInstanceId: instance, sn };
  const host = await startHost(testbed);
  try {
    const handle = await host.start('requireApproval', approvalRequest(sn, { input }));
    expect(await failureOf(handle)).toMatchObject({ type: 'region_not_served' });
  } finally {
    await host.stop();
  }
  expect(await changesOf(sn)).toBe(0);
});
