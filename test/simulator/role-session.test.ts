import type CredentialModule from '@alicloud/credentials';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { allows, parseRamPolicy } from '../../simulator/ram-policy.ts';
import { calls, control, keptStatus } from './control-client.ts';
import { startTrustedSimulator } from '../support/sts.ts';
import type { TrustedSimulator } from '../support/sts.ts';
import { ACCESS_KEY, INSTANCE, SECRET, SN, call, failure, sendRaw, sign } from './vendor-client.ts';
import type { Credentials } from './vendor-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const { default: Credential, Config } = createRequire(import.meta.url)(
  '@alicloud/credentials',
) as typeof CredentialModule & {
  Config: new (map: object) => ConstructorParameters<typeof CredentialModule.default>[0];
};

const ROLE = 'acs:ram::1234567890123456:role/countersign-worker';
const SESSION = '0123456789abcdef0123456789abcdef';
const query = { MqttInstanceId: INSTANCE, Sn: SN };
let simulator: TrustedSimulator;

beforeAll(async () => {
  simulator = await startTrustedSimulator();
});

beforeEach(async () => {
  await control(simulator, 'PUT', '/certificates?replace=all', { mqttInstanceId: INSTANCE, sn: SN });
  await control(simulator, 'DELETE', '/calls');
  await control(simulator, 'DELETE', '/faults');
});

afterAll(() => simulator.close());

function policyFor(...actions: string[]): string {
  const statement = { Effect: 'Allow', Action: actions, Resource: `acs:mq:*:*:${INSTANCE}` };
  return JSON.stringify({ Version: '1', Statement: [statement] });
}

async function openSession(
  given: { policy?: string; secret?: string; name?: string } = {},
): Promise<Credentials> {
  const credential = new Credential(
    new Config({
      type: 'ram_role_arn',
      accessKeyId: ACCESS_KEY,
      accessKeySecret: given.secret ?? SECRET,
      roleArn: ROLE,
      roleSessionName: given.name ?? SESSION,
      roleSessionExpiration: 900,
      stsEndpoint: simulator.stsHost,
      ...(given.policy === undefined ? {} : { policy: given.policy }),
    }),
  );
  const { accessKeyId, accessKeySecret, securityToken } = await credential.getCredential();
  return {
    accessKeyId: accessKeyId ?? '',
    accessKeySecret: accessKeySecret ?? '',
    securityToken: securityToken ?? '',
  };
}

test('a session limited to one action on one instance can do that and nothing else', async () => {
  const policy = policyFor('mq:ActiveCaCertificate', 'mq:MqttInstanceAccess');
  const credentials = await openSession({ policy });
  expect(credentials.accessKeyId).toMatch(/^STS\./);
  expect((await call(simulator, 'ActiveCaCertificate', query, { credentials })).body['Sn']).toBe(SN);
  const refused = await failure(simulator, 'DeleteCaCertificate', query, { credentials });
  expect(refused).toMatchObject({ code: 'PermissionCheckFailed', statusCode: 403 });
  await control(simulator, 'PUT', '/certificates', { mqttInstanceId: 'post-cn-other', sn: SN });
  const elsewhere = await failure(
    simulator,
    'ActiveCaCertificate',
    { ...query, MqttInstanceId: 'post-cn-other' },
    { credentials },
  );
  expect(elsewhere.code).toBe('PermissionCheckFailed');
});

test('a policy without the dependent action does not reach the instance', async () => {
  const credentials = await openSession({ policy: policyFor('mq:ActiveCaCertificate') });
  const refused = await failure(simulator, 'ActiveCaCertificate', query, { credentials });
  expect(refused.code).toBe('PermissionCheckFailed');
  expect(await keptStatus(simulator, SN)).toBe('0');
});

test('session name and policy are recorded with AssumeRole and with each call of the session', async () => {
  const policy = policyFor('mq:*');
  const credentials = await openSession({ policy });
  await call(simulator, 'GetCaCertificate', query, { credentials });
  const [assumed, read] = (await calls(simulator)).calls;
  expect(assumed).toMatchObject({
    action: 'AssumeRole',
    version: '2015-04-01',
    accessKeyId: ACCESS_KEY,
    parameters: { RoleArn: ROLE, RoleSessionName: SESSION, Policy: policy, DurationSeconds: '900' },
  });
  expect(read).toMatchObject({
    accessKeyId: credentials.accessKeyId,
    session: { roleArn: ROLE, roleSessionName: SESSION, policy },
  });
});

test('a temporary key needs its own token', async () => {
  const { accessKeyId, accessKeySecret } = await openSession();
  const without = { accessKeyId, accessKeySecret };
  expect((await failure(simulator, 'GetCaCertificate', query, { credentials: without })).code).toBe(
    'MissingSecurityToken',
  );
  const wrong = { ...without, securityToken: 'wrong' };
  expect((await failure(simulator, 'GetCaCertificate', query, { credentials: wrong })).code).toBe(
    'InvalidSecurityToken.MismatchWithAccessKey',
  );
});

test('the vendor’s library is told when secret or session name are wrong', async () => {
  await expect(openSession({ secret: 'wrong' })).rejects.toThrow('the access key secret is invalid');
  await expect(openSession({ name: 'x' })).rejects.toThrow('InvalidParameter.RoleSessionName');
});

test.each([
  { change: { RoleArn: 'nonsense' }, code: 'InvalidParameter.RoleArn' },
  { change: { RoleSessionName: 'with blank' }, code: 'InvalidParameter.RoleSessionName' },
  { change: { DurationSeconds: '899' }, code: 'InvalidParameter.DurationSeconds' },
  { change: { Policy: '{"Version":"1","Statement":[]}' }, code: 'InvalidParameter.PolicyGrammar' },
])('AssumeRole with a wrong parameter is refused: $code', async ({ change, code }) => {
  const form: Record<string, string> = { RoleArn: ROLE, RoleSessionName: SESSION, ...change };
  const signed = sign(simulator.port, 'AssumeRole', { form, headers: { 'x-acs-version': '2015-04-01' } });
  const answer = await sendRaw(simulator.port, signed);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toMatchObject({ Code: code });
});

test('a fault without an action spares AssumeRole; one with it does not', async () => {
  await control(simulator, 'POST', '/faults', [
    { code: 'SystemOverFlow' },
    { action: 'AssumeRole', status: 503 },
  ]);
  await expect(openSession()).rejects.toThrow('InternalError');
  await openSession();
  expect((await failure(simulator, 'GetCaCertificate', query)).code).toBe('SystemOverFlow');
});

const statement = { Effect: 'Allow', Action: 'mq:Get*', Resource: 'acs:mq:cn-hangzhou:1234:post-cn-?' };
const policyText = (...statements: object[]): string =>
  JSON.stringify({ Version: '1', Statement: statements });

test.each([
  { statements: [statement], action: 'mq:GetCaCertificate', instance: 'post-cn-a', allowed: true },
  { statements: [statement], action: 'mq:GetCaCertificate', instance: 'post-cn-ab', allowed: false },
  { statements: [statement], action: 'mq:ActiveCaCertificate', instance: 'post-cn-a', allowed: false },
  { statements: [{ ...statement, Resource: '*' }], action: 'mq:GetX', instance: 'any', allowed: true },
  {
    statements: [{ ...statement, Resource: 'acs:oss:*:*:*' }],
    action: 'mq:GetX',
    instance: 'any',
    allowed: false,
  },
  {
    statements: [statement, { ...statement, Effect: 'Deny' }],
    action: 'mq:GetCaCertificate',
    instance: 'post-cn-a',
    allowed: false,
  },
])('policy: $action on $instance is allowed: $allowed', ({ statements, action, instance, allowed }) => {
  const policy = parseRamPolicy(policyText(...statements));
  expect(policy).toBeDefined();
  expect(allows(policy ?? [], action, instance)).toBe(allowed);
});

test.each([
  '',
  'null',
  '{"Version":"1"}',
  policyText({ ...statement, Condition: {} }),
  policyText({ ...statement, Effect: 'Maybe' }),
])('policy %s is not understood', (text) => expect(parseRamPolicy(text)).toBeUndefined());
