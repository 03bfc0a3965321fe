import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import type { TrailEvent } from '../../simulator/trail.ts';
import { calls, control, expectProblem } from './control-client.ts';
import { ACCESS_KEY, INSTANCE, SECRET, SN, call, failure } from './vendor-client.ts';

const query = { MqttInstanceId: INSTANCE, Sn: SN };
const roleArn = 'acs:ram::1234567890123456:role/opener';
let folder: string;
let simulator: RunningSimulator;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-trail-'));
  simulator = await startSimulator({
    accessKeys: { [ACCESS_KEY]: SECRET, other: 'other-secret' },
    seed: [{ mqttInstanceId: INSTANCE, sn: SN, status: '0' }],
    regionId: 'cn-beijing',
    trailFile: join(folder, 'trail.jsonl'),
  });
});
afterEach(async () => {
  await simulator.close();
  await rm(folder, { recursive: true });
});

test('every call of somebody known is an event, with who made it, its RequestId, time and error', async () => {
  const answered = await call(simulator, 'ActiveCaCertificate', query);
  await failure(simulator, 'GetCaCertificate', { ...query, Sn: 'unknown' });
  await call(simulator, 'InactivateCaCertificate', query, {
    credentials: { accessKeyId: 'other', accessKeySecret: 'other-secret' },
  });
  await failure(simulator, 'ActiveCaCertificate', query, {
    credentials: { accessKeyId: 'nobody', accessKeySecret: 'x' },
  });
  const { body: events } = await control<TrailEvent[]>(simulator, 'GET', '/trail');
  expect(events.map(({ eventName, errorCode, eventRW }) => [eventName, errorCode, eventRW])).toEqual([
    ['ActiveCaCertificate', '', 'Write'],
    ['GetCaCertificate', 'FindCaBySnError', 'Read'],
    ['InactivateCaCertificate', '', 'Write'],
  ]);
  const [first, second, third] = events;
  expect(first).toMatchObject({
    eventVersion: '1',
    eventType: 'ApiCall',
    serviceName: 'OnsMqtt',
    acsRegion: 'cn-beijing',
    apiVersion: '2020-04-20',
    requestId: answered.body['RequestId'],
    requestParameters: query,
    userIdentity: { type: 'ram-user', accessKeyId: ACCESS_KEY },
  });
  expect(first?.eventTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(second?.userIdentity).toEqual(first?.userIdentity);
  expect(third?.userIdentity['principalId']).not.toBe(first?.userIdentity['principalId']);
  expect((await calls(simulator)).total).toBe(4);
  await expectProblem(simulator, {
    method: 'GET',
    path: '/trail?sn=x',
    body: undefined,
    field: 'sn',
    rule: /unknown/,
  });
});

test('a call with a temporary key bears its role and session', async () => {
  const opened = await call(
    simulator,
    'AssumeRole',
    { RoleArn: roleArn, RoleSessionName: 'some-session' },
    { version: '2015-04-01' },
  );
  const { AccessKeyId, AccessKeySecret, SecurityToken } = opened.body['Credentials'] as Record<
    string,
    string
  >;
  await call(simulator, 'ActiveCaCertificate', query, {
    credentials: {
      accessKeyId: AccessKeyId ?? '',
      accessKeySecret: AccessKeySecret ?? '',
      securityToken: SecurityToken ?? '',
    },
  });
  const { body: events } = await control<TrailEvent[]>(simulator, 'GET', '/trail');
  expect(events.map(({ eventName, serviceName }) => [eventName, serviceName])).toEqual([
    ['AssumeRole', 'Sts'],
    ['ActiveCaCertificate', 'OnsMqtt'],
  ]);
  expect(events[1]?.userIdentity).toMatchObject({
    type: 'assumed-role',
    accountId: '1234567890123456',
    userName: 'opener:some-session',
    principalId: expect.stringMatching(/^3\d{17}:some-session$/) as string,
    accessKeyId: AccessKeyId,
  });
});

test('the file has the same events, one a line, and goes on after another start', async () => {
  await call(simulator, 'ActiveCaCertificate', query);
  const { body: events } = await control<TrailEvent[]>(simulator, 'GET', '/trail');
  await simulator.close();
  const lines = async () => (await readFile(join(folder, 'trail.jsonl'), 'utf8')).trimEnd().split('\n');
  expect((await lines()).map((line) => JSON.parse(line) as TrailEvent)).toEqual(events);
  simulator = await startSimulator({
    seed: [{ mqttInstanceId: INSTANCE, sn: SN, status: '0' }],
    trailFile: join(folder, 'trail.jsonl'),
  });
  await call(simulator, 'ActiveCaCertificate', query);
  await simulator.close();
  expect((await lines()).length).toBe(2);
});
