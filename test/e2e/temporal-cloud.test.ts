import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { examineTemporal } from '../../cli/doctor-temporal.ts';
import { apiClient } from '../../client/api-client.ts';
import { freePort } from '../../embedded/free-port.ts';
import { startProcess } from '../support/process.ts';
import { changeThat, startTestbed } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { temporaryHome } from '../support/stack.ts';
import { post } from '../support/steps.ts';
import { startTemporalProxy } from '../support/temporal-proxy.ts';

const pems = join(import.meta.dirname, '..', 'support', 'temporal-tls');
const pem = (name: string) => readFile(join(pems, name), 'utf8');
const authority = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(pems, 'ca.pem') };
const certificate = {
  TEMPORAL_TLS_CLIENT_CERT_PATH: join(pems, 'client.pem'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: join(pems, 'client-key.pem'),
};
const apiKey = 'a-key-of-the-test';
let testbed: Testbed;
let home: string;

beforeAll(async () => {
  [testbed, home] = await Promise.all([startTestbed(), temporaryHome()]);
});
afterAll(async () => {
  await testbed.stop();
  await rm(home, { recursive: true });
});

/** A gateway before the testbed's Temporal, as Temporal Cloud is reached: by a client certificate, or by an API key. */
async function gateway(demands: 'certificate' | 'key') {
  const [cert, key, ca] = await Promise.all(['server.pem', 'server-key.pem', 'ca.pem'].map(pem));
  const asksForCertificate = demands === 'certificate';
  const proxy = await startTemporalProxy({
    address: testbed.temporalAddress,
    tls: { cert, key, ca, requestCert: asksForCertificate, rejectUnauthorized: asksForCertificate },
    authorize: ({ authorization }) =>
      asksForCertificate || authorization === `Bearer ${apiKey}`
        ? null
        : { status: 16, message: 'no such key' },
  });
  onTestFinished(() => proxy.stop());
  return proxy;
}

/** What doctor finds with these variables of Temporal's and no others. */
async function doctor(variables: NodeJS.ProcessEnv) {
  const all = { XDG_CONFIG_HOME: home, TEMPORAL_NAMESPACE: testbed.namespace, ...variables };
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
  try {
    return await examineTemporal();
  } finally {
    vi.unstubAllEnvs();
  }
}

/** An API and a worker of their own processes take a change as far as its precheck: through Temporal and back. */
async function expectServed(variables: NodeJS.ProcessEnv): Promise<void> {
  const port = String(await freePort());
  const [worker, api] = await Promise.all([
    startProcess(testbed, 'worker', variables),
    startProcess(testbed, 'api', { ...variables, PORT: port }),
  ]);
  try {
    const alice = apiClient(`http://127.0.0.1:${port}`, await testbed.identity.tokenFor('alice'));
    const { id }: ChangeView = await post(alice, await testbed.certificate());
    await changeThat(alice, id, ({ digest }) => digest !== null);
  } finally {
    await Promise.all([worker.stop(), api.stop()]);
  }
}

test('behind mutual TLS: doctor, API and worker give the client certificate', async () => {
  const { address, passed } = await gateway('certificate');
  const TEMPORAL_ADDRESS = address;
  const [without] = await doctor({ TEMPORAL_ADDRESS, ...authority });
  expect(without).toMatchObject({ name: 'Temporal', ok: false });
  const [unknown] = await doctor({ TEMPORAL_ADDRESS, TEMPORAL_TLS: 'true', ...certificate });
  expect(unknown?.found).toContain('certificate');
  expect(passed).toEqual([]);

  const variables = { TEMPORAL_ADDRESS, ...authority, ...certificate };
  expect(await doctor(variables)).toMatchObject([{ ok: true }, { ok: true }]);
  await expectServed(variables);
  expect(passed.some((path) => path.endsWith('/PollWorkflowTaskQueue'))).toBe(true);
});

test('behind an API key, by a profile of Temporal’s configuration file: doctor, API and worker give it', async () => {
  const { address, passed } = await gateway('key');
  const wrong = { TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: 'another', ...authority };
  const [refused] = await doctor(wrong);
  expect(refused).toMatchObject({ ok: false, remedy: expect.stringContaining('TEMPORAL_API_KEY') as string });
  expect(refused?.found).toContain('no such key');
  expect(passed).toEqual([]);

  const file = join(home, 'temporal.toml');
  const profile = [
    '[profile.cloud]',
    ...[`address = "${address}"`, `namespace = "${testbed.namespace}"`, `api_key = "${apiKey}"`],
    '[profile.cloud.tls]',
    `server_ca_cert_path = "${authority.TEMPORAL_TLS_SERVER_CA_CERT_PATH}"`,
  ];
  await writeFile(file, profile.join('\n'));
  const named = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud' };
  const nothingElse = { TEMPORAL_ADDRESS: undefined, TEMPORAL_NAMESPACE: undefined };
  expect(await doctor({ ...named, ...nothingElse })).toMatchObject([{ ok: true }, { ok: true }]);
  await expectServed({ ...named, ...nothingElse });
  expect(passed.some((path) => path.endsWith('/PollWorkflowTaskQueue'))).toBe(true);
});

test('variables that cannot be used are told by name', async () => {
  const [half] = await doctor({
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    TEMPORAL_TLS_CLIENT_CERT_PATH: join(pems, 'client.pem'),
  });
  expect(half?.found).toContain('TEMPORAL_TLS_CLIENT_KEY_PATH');
  const [lost] = await doctor({ ...certificate, TEMPORAL_TLS_CLIENT_KEY_PATH: '/nowhere/key.pem' });
  expect(lost?.found).toContain('/nowhere/key.pem');
  const [profile] = await doctor({ TEMPORAL_PROFILE: 'nowhere' });
  expect(profile?.found).toContain('nowhere');
});
