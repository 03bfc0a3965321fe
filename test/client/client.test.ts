import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import type { CountersignClient } from '../../client/index.ts';
import { instance, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* A program with `countersign/client`, before the real service. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let alice: CountersignClient;
let bob: CountersignClient;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
  const clientOf = async (user: 'alice' | 'bob') =>
    createClient({ url: `${api.url}/`, token: await testbed.identity.tokenFor(user) });
  [alice, bob] = await Promise.all([clientOf('alice'), clientOf('bob')]);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

const asking = (sn: string) => ({
  operation: 'ActiveCaCertificate',
  input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
  justification: 'the line moves',
});

test('a change from request to its end', async () => {
  const [sn, key] = [await testbed.certificate(), randomUUID()];
  const { id } = await alice.request(asking(sn), key);
  expect((await alice.request(asking(sn), key)).id).toBe(id);
  await expect(alice.request({ ...asking(sn), justification: 'another' }, key)).rejects.toMatchObject({
    code: 'key_reused',
  });
  expect((await alice.changes({ sn })).items.map((item) => item.id)).toEqual([id]);

  let { digest } = await bob.change(id);
  while (digest === null) ({ digest } = await bob.change(id));
  await expect(alice.decide(id, { decision: 'approve', digest })).rejects.toMatchObject({
    name: 'CountersignError',
  });
  await bob.decide(id, { decision: 'approve', digest, comment: 'seen' });
  expect(await alice.waitForEnd(id)).toMatchObject({ id, executionStatus: 'succeeded' });
  expect((await alice.entries(id)).map(({ type }) => type)).toContain('change.closed');
});

test('a request without a key is another one each time; a withdrawal ends it; a signal ends the waiting alone', async () => {
  const sn = await testbed.certificate();
  const { id } = await alice.request(asking(sn));
  await expect(alice.request(asking(sn))).rejects.toMatchObject({ code: 'open_change_exists' });
  const aborted = new AbortController();
  const waiting = alice.waitForEnd(id, aborted.signal);
  aborted.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  expect((await alice.change(id)).closedAt).toBeNull();
  await alice.withdraw(id, 'not today');
  expect(await alice.waitForEnd(id)).toMatchObject({ decisionStatus: 'withdrawn' });
});

test.each(['http://countersign.example', 'ftp://127.0.0.1', 'nowhere', ''])(
  'no token is sent to %s',
  (url) => {
    expect(() => createClient({ url, token: 'secret' })).toThrow(
      expect.objectContaining({ code: 'invalid_configuration' }),
    );
  },
);
