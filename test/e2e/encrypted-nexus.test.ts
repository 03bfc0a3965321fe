import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GateOpened } from '../../domain/gate.ts';
import { startHost } from '../support/host.ts';
import { startNexus } from '../support/nexus.ts';
import { testKeys } from '../support/payload-keys.ts';
import {
  changeThat,
  eventually,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide } from '../support/steps.ts';

/* With payload keys, whoever asks by Nexus has none of them, and reads all that it is told. */

const stored = { keys: testKeys };
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let nexus: Awaited<ReturnType<typeof startNexus>>;
let host: Awaited<ReturnType<typeof startHost>>;

beforeAll(async () => {
  testbed = await startTestbed();
  nexus = await startNexus(testbed);
  const { namespace } = nexus;
  [api, workers, host] = await Promise.all([
    startApi(testbed, { stored }),
    startWorkers(testbed, { nexus: true, stored, hosts: [{ namespace, type: 'gatedByNexus' }] }),
    startHost(testbed, { namespace }),
  ]);
});
afterAll(async () => {
  await host.stop();
  await workers.stop();
  await nexus.stop();
  await api.stop();
  await testbed.stop();
});

const requestFor = (sn: string) => ({
  operation: 'ActiveCaCertificate',
  input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
  justification: 'the line moves',
  requester: { issuer: 'https://idp.example', subject: 'alice' },
});

test('the change that is open, and its end', async () => {
  const handle = await host.start('gatedByNexus', nexus.endpoint, requestFor(await testbed.certificate()));
  const { changeId } = await eventually(async () => (await handle.query<GateOpened | null>('told')) ?? null);
  await decide(api.users.bob, await changeThat(api.users.bob, changeId, (c) => c.digest !== null));
  expect(await handle.result()).toMatchObject({ answer: { changeId, outcome: { code: 'succeeded' } } });
});

test.each([{ policy: 'mine' }, { decideWithinMs: 1500.5 }])('why it is refused: %j', async (wrong) => {
  const handle = await host.start('gatedByNexus', nexus.endpoint, { ...requestFor('SN-1'), ...wrong });
  const [field] = Object.keys(wrong);
  expect(await handle.result()).toMatchObject({
    failure: { type: 'invalid_request', details: { errors: [{ field }] } },
  });
});
