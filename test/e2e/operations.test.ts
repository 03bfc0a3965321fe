import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { calls } from '../simulator/control-client.ts';
import { codeOf, decide, entriesOf, inMs } from '../support/steps.ts';
import { changeThat, instance, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { implementationsBy, operations } from '../support/operations.ts';
import { roleArn, startTrustedSimulator } from '../support/sts.ts';
import type { TrustedSimulator } from '../support/sts.ts';

const key = { accessKeyId: 'session-opener', accessKeySecret: 'secret-of-it' };
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let simulator: TrustedSimulator;

beforeAll(async () => {
  [testbed, simulator] = await Promise.all([
    startTestbed(),
    startTrustedSimulator({
      accessKeys: { [key.accessKeyId]: key.accessKeySecret },
      seed: [
        {
          mqttInstanceId: instance,
          sn: 'SN-to-activate',
          status: '0',
          deviceCertificates: [{ deviceSn: 'DEVICE-1', status: '0' }],
        },
        { mqttInstanceId: instance, sn: 'SN-to-inactivate', status: '1' },
      ],
    }),
  ]);
  api = await startApi(testbed);
});

afterAll(async () => {
  await api.stop();
  await testbed.stop();
  await simulator.close();
});

test('sends each operation’s own call and no other, with its own action in the session’s policy', async () => {
  const workers = await startWorkers(testbed, {
    implementations: implementationsBy({
      endpoint: simulator.url,
      credential: () => createCredential(key),
      pace: { claim: () => Promise.resolve() },
      role: { arn: roleArn, stsHost: simulator.stsHost },
    }),
  });
  onTestFinished(() => workers.stop());
  const device = { caSn: 'SN-to-activate', deviceSn: 'DEVICE-1' };
  const asked = [
    ['ActiveCaCertificate', { sn: 'SN-to-activate' }, 'mq:ActiveCaCertificate'],
    ['InactivateCaCertificate', { sn: 'SN-to-inactivate' }, 'mq:UnregisterCaCertificate'],
    ['ActiveDeviceCertificate', device, 'mq:ActiveDeviceCertificate'],
    ['InactivateDeviceCertificate', device, 'mq:UnregisterDeviceCertificate'],
  ] as const;
  expect(asked.map(([operation]) => operation)).toEqual(
    expect.arrayContaining(operations.list.map(({ name }) => name)),
  );
  for (const [operation, serials, ramAction] of asked) {
    const { id } = await ask(operation, serials);
    await decide(api.users.bob, await changeThat(api.users.alice, id, (c) => c.digest !== null));
    const end = await changeThat(api.users.alice, id, (c) => c.closedAt !== null);
    expect(end).toMatchObject({ operation, executionStatus: 'succeeded', outcome: { reconciled: false } });
    const seen = (await calls(simulator)).calls.filter(
      ({ action, parameters, session }) =>
        !action.startsWith('Get') &&
        (parameters.RoleSessionName ?? session?.roleSessionName) === id.replaceAll('-', ''),
    );
    expect(seen.map(({ action, status }) => [action, status])).toEqual([
      ['AssumeRole', 200],
      [operation, 200],
    ]);
    const sent = { Sn: undefined, CaSn: undefined, DeviceSn: undefined, ...parametersOf(serials) };
    const { Sn, CaSn, DeviceSn } = seen[1]?.parameters ?? {};
    expect({ Sn, CaSn, DeviceSn }).toEqual(sent);
    const policy = JSON.parse(seen[0]?.parameters.Policy ?? '') as { Statement: { Action: string[] }[] };
    expect(policy.Statement.map(({ Action }) => Action)).toEqual([[ramAction, 'mq:MqttInstanceAccess']]);
  }
});

test('operations on one certificate exclude each other; a CA certificate and its devices do not', async () => {
  const caSn = await testbed.certificate();
  const deviceSn = await testbed.deviceCertificate(caSn);
  const workers = await startWorkers(testbed);
  onTestFinished(() => workers.stop());
  const opened = await ask('ActiveCaCertificate', { sn: caSn });
  const device = { caSn, deviceSn };
  const ofDevice = await ask('ActiveDeviceCertificate', device);
  expect(await codeOf(ask('InactivateCaCertificate', { sn: caSn }))).toBe('open_change_exists');
  expect(await codeOf(ask('InactivateDeviceCertificate', device))).toBe('open_change_exists');
  for (const { id } of [opened, ofDevice]) {
    await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'that is all' });
    await changeThat(api.users.alice, id, (c) => c.closedAt !== null);
  }
});

test('a device’s approvers see its CA certificate’s status, and are asked again when that changes', async () => {
  const caSn = await testbed.certificate({ status: '1' });
  const deviceSn = await testbed.deviceCertificate(caSn);
  const workers = await startWorkers(testbed);
  onTestFinished(() => workers.stop());
  const { alice, bob } = api.users;
  const { id } = await ask('ActiveDeviceCertificate', { caSn, deviceSn }, { executeAfter: inMs(2000) });
  const first = await changeThat(alice, id, (c) => c.digest !== null);
  expect(first).toMatchObject({ snapshot: { status: 'inactive', caStatus: 'active' }, round: 1 });
  expect(first.presented).toContainEqual({ label: 'CA status', value: 'active' });
  await decide(bob, first);
  await testbed.certificate({ sn: caSn, status: '0' });
  const second = await changeThat(alice, id, (c) => c.round === 2 && c.digest !== null);
  expect(second).toMatchObject({
    decisionStatus: 'pending',
    snapshot: { caStatus: 'inactive' },
    attempts: [],
  });
  const drift = (await entriesOf(api.users.dave, id)).find(({ type }) => type === 'change.drifted');
  expect(drift).toMatchObject({ message: 'the target is not as it was approved: caStatus' });
  await decide(bob, second);
  expect(await changeThat(alice, id, (c) => c.closedAt !== null)).toMatchObject({
    executionStatus: 'succeeded',
  });
});

/** Asked for by alice. */
function ask(operation: string, serials: object, extra: object = {}): Promise<ChangeView> {
  const input = { regionId: 'cn-hangzhou', mqttInstanceId: instance, ...serials };
  const body = { operation, input, justification: 'the line moves to the new gateway', ...extra };
  return api.users.alice.post('/v1/changes', body, { 'Idempotency-Key': randomUUID() });
}

/** The serial numbers as the vendor names them. */
function parametersOf(serials: object): object {
  return Object.fromEntries(
    Object.entries(serials).map(([name, value]) => [name.replace(/^./, (c) => c.toUpperCase()), value]),
  );
}
