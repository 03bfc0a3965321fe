import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { caCertificateClient } from '../support/ca-certificate-client.ts';
import { createCredential, createKeySource } from '../../onsmqtt/credentials.ts';
import type { Credential } from '../../onsmqtt/credentials.ts';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls } from '../simulator/control-client.ts';

const key = { accessKeyId: 'key', accessKeySecret: 'secret' };
const changeId = '0b7f5a52-0e54-8a5c-9f0e-6f3a1c2d4e5f';
const ref = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: '0072' };
let home: string;
let simulator: RunningSimulator;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-credentials-'));
  simulator = await startSimulator({
    accessKeys: { [key.accessKeyId]: key.accessKeySecret },
    seed: [{ mqttInstanceId: ref.mqttInstanceId, sn: ref.sn }],
  });
});
afterAll(async () => {
  await simulator.close();
  await rm(home, { recursive: true });
});
beforeEach(() => {
  // The default chain finds nothing, and asks no network for it.
  vi.stubEnv('HOME', home);
  vi.stubEnv('ALIBABA_CLOUD_ECS_METADATA_DISABLED', 'true');
  for (const name of [
    'ACCESS_KEY_ID',
    'ACCESS_KEY_SECRET',
    'SECURITY_TOKEN',
    'CREDENTIALS_URI',
    'ROLE_ARN',
  ]) {
    vi.stubEnv(`ALIBABA_CLOUD_${name}`, undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const clientWith = (credential: () => Credential, claim = () => Promise.resolve()) =>
  caCertificateClient({ endpoint: simulator.url, credential, pace: { claim }, deadlineMs: 20_000 });

function giveKey(): void {
  vi.stubEnv('ALIBABA_CLOUD_ACCESS_KEY_ID', key.accessKeyId);
  vi.stubEnv('ALIBABA_CLOUD_ACCESS_KEY_SECRET', key.accessKeySecret);
}

test('the default chain that found nothing sticks to its last member; a chain made anew finds the key', async () => {
  const stuck = createCredential(null);
  await expect(stuck.getCredential()).rejects.toThrow();
  const keys = createKeySource(() => createCredential(null));
  await expect(keys.current()).rejects.toThrow();
  giveKey();
  await expect(stuck.getCredential()).rejects.toThrow();
  expect(await keys.current()).toEqual(key);
});

test('a call without credentials is not sent, says nothing of where they were looked for, and works once they are there', async () => {
  const client = clientWith(() => createCredential(null));
  const before = (await calls(simulator)).total;
  const fault = await client.activeCaCertificate(ref, changeId);
  expect(fault).toMatchObject({ ok: false, class: 'transient', code: 'not_sent', requestId: null });
  expect(JSON.stringify(fault)).not.toContain(home);
  expect((await calls(simulator)).total).toBe(before);
  giveKey();
  expect(await client.activeCaCertificate(ref, changeId)).toMatchObject({ ok: true });
});

test('callers that come together share one look-up', async () => {
  let made = 0;
  let asked = 0;
  const keys = createKeySource(() => {
    made += 1;
    const credential = createCredential(key);
    const getCredential = credential.getCredential.bind(credential);
    credential.getCredential = () => {
      asked += 1;
      return getCredential();
    };
    return credential;
  });
  expect(await Promise.all([keys.current(), keys.current(), keys.current()])).toEqual([key, key, key]);
  expect([made, asked]).toEqual([1, 1]);
  await keys.current();
  expect([made, asked]).toEqual([1, 2]);
  keys.forget();
  await keys.current();
  expect([made, asked]).toEqual([2, 3]);
});

test('a token goes with its key', async () => {
  const token = { ...key, securityToken: 'token' };
  expect(await createKeySource(() => createCredential(token)).current()).toEqual(token);
});

test('credentials that never come are not waited for without end', async () => {
  let made = 0;
  const client = clientWith(() => {
    made += 1;
    const credential = createCredential(key);
    if (made === 1) credential.getCredential = () => new Promise(() => undefined);
    return credential;
  });
  expect(await client.activeCaCertificate(ref, changeId)).toMatchObject({
    ok: false,
    class: 'transient',
    code: 'not_sent',
  });
  expect(await client.activeCaCertificate(ref, changeId)).toMatchObject({ ok: true });
});

test('whoever was stopped for long before the sending does not send', async () => {
  const before = (await calls(simulator)).total;
  const client = clientWith(
    () => createCredential(key),
    () => {
      // As the clock stands after a process was stopped for a while.
      const now = performance.now();
      vi.spyOn(performance, 'now').mockReturnValue(now + 13_000);
      return Promise.resolve();
    },
  );
  const fault = await client.activeCaCertificate(ref, changeId);
  vi.restoreAllMocks();
  expect(fault).toMatchObject({ ok: false, class: 'transient', code: 'not_sent' });
  expect((await calls(simulator)).total).toBe(before);
});
