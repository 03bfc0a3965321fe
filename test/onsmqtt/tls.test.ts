import { readFile } from 'node:fs/promises';
import { setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caCertificateClient } from '../support/ca-certificate-client.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls } from '../simulator/control-client.ts';

const key = { accessKeyId: 'key', accessKeySecret: 'secret' };
const changeId = '0b7f5a52-0e54-8a5c-9f0e-6f3a1c2d4e5f';
const ref = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: '0072' };
let simulator: RunningSimulator;
let certificate: string;

beforeAll(async () => {
  // A key pair for tests alone, valid for 127.0.0.1.
  const read = (name: string) => readFile(new URL(`../simulator/${name}`, import.meta.url), 'utf8');
  certificate = await read('loopback-certificate.pem');
  simulator = await startSimulator({
    accessKeys: { [key.accessKeyId]: key.accessKeySecret },
    seed: [{ mqttInstanceId: ref.mqttInstanceId, sn: ref.sn }],
    tls: { key: await read('loopback-key.pem'), cert: certificate },
  });
});
afterAll(() => simulator.close());

const clientTo = (endpoint: string) =>
  caCertificateClient({
    endpoint,
    credential: () => createCredential(key),
    pace: { claim: () => Promise.resolve() },
    deadlineMs: 30_000,
  });

test('over TLS nothing is sent to a server that is not trusted, and calls work with one that is', async () => {
  const endpoint = simulator.tlsUrl ?? '';
  expect(await clientTo(endpoint).activeCaCertificate(ref, changeId)).toMatchObject({
    ok: false,
    class: 'transient',
    code: 'not_sent',
  });
  expect((await calls(simulator)).total).toBe(0);

  setDefaultCACertificates([certificate]);
  // Trusted, but for another name than this.
  const otherName = endpoint.replace('127.0.0.1', 'localhost');
  expect(await clientTo(otherName).activeCaCertificate(ref, changeId)).toMatchObject({ ok: false });
  expect((await calls(simulator)).total).toBe(0);
  expect(await clientTo(endpoint).activeCaCertificate(ref, changeId)).toMatchObject({ ok: true });
  expect((await calls(simulator)).total).toBe(1);
});
