import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { calls, control } from '../simulator/control-client.ts';
import { stepsOf } from '../support/steps.ts';
import { instance, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { implementationsBy } from '../support/operations.ts';
import { roleArn, startTrustedSimulator } from '../support/sts.ts';
import type { TrustedSimulator } from '../support/sts.ts';

const key = { accessKeyId: 'session-opener', accessKeySecret: 'secret-of-it' };
const sn = 'SN-of-a-session';
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let simulator: TrustedSimulator;

beforeAll(async () => {
  [testbed, simulator] = await Promise.all([
    startTestbed(),
    startTrustedSimulator({
      accessKeys: { [key.accessKeyId]: key.accessKeySecret },
      seed: [{ mqttInstanceId: instance, sn, status: '0' }],
    }),
  ]);
  api = await startApi(testbed);
});

afterAll(async () => {
  await api.stop();
  await testbed.stop();
  await simulator.close();
});

test('each attempt of a change has a session that bears the change’s id; where none can be had nothing is called', async () => {
  const workers = await startWorkers(testbed, {
    implementations: implementationsBy({
      endpoint: simulator.url,
      credential: () => createCredential(key),
      pace: { claim: () => Promise.resolve() },
      role: { arn: roleArn, stsHost: simulator.stsHost },
    }),
  });
  onTestFinished(() => workers.stop());
  await control(simulator, 'POST', '/faults', [
    { action: 'AssumeRole', status: 403, code: 'NoPermission' },
    { action: 'ActiveCaCertificate', status: 500, code: 'InternalError' },
  ]);
  const steps = stepsOf(api);
  const { id } = await steps.approved(sn);
  const end = await steps.ended(id);
  expect(end.executionStatus).toBe('succeeded');
  expect(end.attempts.map(({ outcome, code, httpStatus }) => [outcome, code, httpStatus])).toEqual([
    ['failed', 'not_sent', null],
    ['failed', 'InternalError', 500],
    ['succeeded', 'OK', 200],
  ]);

  const name = id.replaceAll('-', '');
  const seen = (await calls(simulator)).calls.filter(({ action }) => action !== 'GetCaCertificate');
  expect(seen.map(({ action, status }) => [action, status])).toEqual([
    ['AssumeRole', 403],
    ['AssumeRole', 200],
    ['ActiveCaCertificate', 500],
    ['AssumeRole', 200],
    ['ActiveCaCertificate', 200],
  ]);
  for (const { action, parameters, session } of seen) {
    expect(action === 'AssumeRole' ? parameters.RoleSessionName : session?.roleSessionName).toBe(name);
  }
  const reads = (await calls(simulator, '?action=GetCaCertificate')).calls;
  expect(reads.length).toBeGreaterThan(0);
  expect(reads.every(({ session, accessKeyId }) => session === null && accessKeyId === key.accessKeyId)).toBe(
    true,
  );
});
