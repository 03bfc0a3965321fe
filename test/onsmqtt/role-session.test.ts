import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { caCertificateClient } from '../support/ca-certificate-client.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { sessionRefusal } from '../../onsmqtt/role-session.ts';
import { calls, control, keptStatus } from '../simulator/control-client.ts';
import { roleArn, startTrustedSimulator } from '../support/sts.ts';
import type { TrustedSimulator } from '../support/sts.ts';

vi.setConfig({ testTimeout: 60_000 });

const key = { accessKeyId: 'key', accessKeySecret: 'secret' };
const ref = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: '0072' };
const changeId = '0b7f5a52-0e54-8a5c-9f0e-6f3a1c2d4e5f';
const sessionName = '0b7f5a520e548a5c9f0e6f3a1c2d4e5f';
let simulator: TrustedSimulator;

beforeAll(async () => {
  simulator = await startTrustedSimulator({ accessKeys: { [key.accessKeyId]: key.accessKeySecret } });
});
beforeEach(async () => {
  await control(simulator, 'PUT', '/certificates?replace=all', {
    mqttInstanceId: ref.mqttInstanceId,
    sn: ref.sn,
    status: '0',
  });
  await control(simulator, 'DELETE', '/faults');
  await control(simulator, 'DELETE', '/calls');
});
afterAll(() => simulator.close());

const clientWith = (role: { arn: string; stsHost: string }, secret = key.accessKeySecret) =>
  caCertificateClient({
    endpoint: simulator.url,
    credential: () => createCredential({ ...key, accessKeySecret: secret }),
    pace: { claim: () => Promise.resolve() },
    deadlineMs: 20_000,
    role,
  });
const client = () => clientWith({ arn: roleArn, stsHost: simulator.stsHost });

test('a call is made by a session of its own: named after the change, for one action on one instance', async () => {
  expect(await client().activeCaCertificate(ref, changeId)).toMatchObject({ ok: true });
  const [assumed, called, ...more] = (await calls(simulator)).calls;
  expect(more).toEqual([]);
  expect(assumed).toMatchObject({
    action: 'AssumeRole',
    accessKeyId: key.accessKeyId,
    parameters: { RoleArn: roleArn, RoleSessionName: sessionName, DurationSeconds: '900' },
  });
  expect(JSON.parse(assumed?.parameters.Policy ?? '')).toEqual({
    Version: '1',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['mq:ActiveCaCertificate', 'mq:MqttInstanceAccess'],
        Resource: 'acs:mq:cn-hangzhou:1234567890123456:post-cn-1',
      },
    ],
  });
  expect(called).toMatchObject({
    action: 'ActiveCaCertificate',
    applied: true,
    session: { roleArn, roleSessionName: sessionName, policy: assumed?.parameters.Policy },
  });
  expect(called?.accessKeyId).toMatch(/^STS\./);
  expect(await keptStatus(simulator, ref.sn)).toBe('1');
});

test('what only reads is done with the worker’s own key, which opens no session', async () => {
  expect(await client().getCaCertificate(ref)).toMatchObject({ ok: true });
  const seen = (await calls(simulator)).calls;
  expect(seen.map(({ action, session }) => [action, session])).toEqual([['GetCaCertificate', null]]);
});

test.each<[string, object, string]>([
  ['refused by STS', { code: 'NoPermission', status: 403 }, 'NoPermission'],
  ['STS in trouble', { status: 503 }, 'InternalError'],
  ['STS answers no JSON', { kind: 'html', status: 502 }, 'no usable answer of STS'],
])('%s: nothing is sent, and the same call again is safe', async (_, fault, why) => {
  await control(simulator, 'POST', '/faults', { action: 'AssumeRole', ...fault });
  const answer = await client().activeCaCertificate(ref, changeId);
  expect(answer).toMatchObject({ ok: false, class: 'transient', code: 'not_sent' });
  expect(answer.ok || answer.message).toContain(why);
  expect((await calls(simulator, '?action=ActiveCaCertificate')).calls).toEqual([]);
  expect(await keptStatus(simulator, ref.sn)).toBe('0');
  expect(await client().activeCaCertificate(ref, changeId)).toMatchObject({ ok: true });
});

test('no STS, or a wrong secret: nothing is sent, and neither host, key nor secret is told', async () => {
  const nowhere = clientWith({ arn: roleArn, stsHost: '127.0.0.1:1' });
  const wrong = clientWith({ arn: roleArn, stsHost: simulator.stsHost }, 'another-secret');
  for (const [failing, why] of [
    [nowhere, 'no usable answer of STS'],
    [wrong, 'SignatureDoesNotMatch'],
  ] as const) {
    const answer = await failing.activeCaCertificate(ref, changeId);
    expect(answer).toMatchObject({ ok: false, class: 'transient', code: 'not_sent' });
    expect(answer.ok || answer.message).toContain(why);
    expect(JSON.stringify(answer)).not.toMatch(/127\.0|another-secret|"key"|post-cn-1/);
  }
  expect((await calls(simulator, '?action=ActiveCaCertificate')).calls).toEqual([]);
});

test.each(['post-cn-*', 'post-cn-?', 'post:cn', '${acs:SourceIp}', 'post/cn'])(
  'an instance that a policy would read as more than one, %s: no session, no call',
  async (mqttInstanceId) => {
    const wide = { ...ref, mqttInstanceId };
    for (const answer of [
      await client().getCaCertificate(wide),
      await client().activeCaCertificate(wide, changeId),
    ]) {
      expect(answer).toMatchObject({ ok: false, class: 'permanent', code: 'invalid_input' });
    }
    expect((await calls(simulator)).total).toBe(0);
  },
);

test.each([
  ['refresh session token failed: {"RequestId":"A","Code":"NoPermission","Message":"no"}', 'NoPermission'],
  ['refresh session token failed: { "Code" : "EntityNotExist.Role" }', 'EntityNotExist.Role'],
  ['the access key secret is invalid', 'SignatureDoesNotMatch'],
  ['refresh session token failed: {"Code":"<b>https://host/"}', null],
  ['connect ECONNREFUSED 127.0.0.1:1', null],
])('of %s is told: %s', (message, code) => {
  expect(sessionRefusal(new Error(message))).toBe(code);
});
