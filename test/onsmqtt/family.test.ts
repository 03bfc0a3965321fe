import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../domain/json.ts';
import { createOnsMqtt } from '../../onsmqtt/client.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { onsMqttImplementations } from '../../onsmqtt/implementations.ts';
import type { Implementation } from '../../operations/implement.ts';
import { calls, control } from '../simulator/control-client.ts';
import { roleArn, startTrustedSimulator } from '../support/sts.ts';
import type { TrustedSimulator } from '../support/sts.ts';

/* Each operation by its own driver: what it sends, by which right, what it reads and what it takes for an answer. */

const key = { accessKeyId: 'key-of-the-family', accessKeySecret: 'secret-of-the-family' };
const changeId = '0b7f5a52-0e54-8a5c-9f0e-6f3a1c2d4e5f';
const at = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-family01' };
const ofCa = { ...at, sn: 'CA/1 ü' };
const ofDevice = { ...at, caSn: ofCa.sn, deviceSn: 'DEVICE 1' };
const context = { changeId, notAfter: Infinity, signal: new AbortController().signal };
let simulator: TrustedSimulator;
let implementations: readonly Implementation[];

beforeAll(async () => {
  simulator = await startTrustedSimulator({ accessKeys: { [key.accessKeyId]: key.accessKeySecret } });
  const onsMqtt = createOnsMqtt({
    endpoint: simulator.url,
    credential: () => createCredential(key),
    pace: { claim: () => Promise.resolve() },
    role: { arn: roleArn, stsHost: simulator.stsHost },
  });
  implementations = onsMqttImplementations(onsMqtt);
});
beforeEach(async () => {
  await control(simulator, 'PUT', '/certificates?replace=all', {
    ...{ mqttInstanceId: at.mqttInstanceId, sn: ofCa.sn, caName: 'line', status: '1' },
    deviceCertificates: [
      {
        deviceSn: ofDevice.deviceSn,
        deviceName: 'pump',
        status: '0',
        validBegin: 0,
        validEnd: 1_900_000_000_000,
      },
    ],
  });
  await control(simulator, 'DELETE', '/faults');
  await control(simulator, 'DELETE', '/calls');
});
afterAll(() => simulator.close());

const cases = [
  ['ActiveCaCertificate', 'mq:ActiveCaCertificate', ofCa, { Sn: ofCa.sn }],
  ['InactivateCaCertificate', 'mq:UnregisterCaCertificate', ofCa, { Sn: ofCa.sn }],
  ['ActiveDeviceCertificate', 'mq:ActiveDeviceCertificate', ofDevice, deviceQuery()],
  ['InactivateDeviceCertificate', 'mq:UnregisterDeviceCertificate', ofDevice, deviceQuery()],
] as const;

function deviceQuery() {
  return { CaSn: ofDevice.caSn, DeviceSn: ofDevice.deviceSn };
}

function implementationOf(name: string): Implementation {
  const found = implementations.find(({ operation }) => operation.name === name);
  if (!found) throw new Error(`${name} is not bundled`);
  return found;
}

async function sent(name: string, input: JsonObject): Promise<object> {
  const prepared = await implementationOf(name).prepare(input, context);
  return typeof prepared === 'function' ? await prepared() : prepared;
}

test('every bundled operation is among the cases', () => {
  expect(cases.map(([name]) => name)).toEqual(implementations.map(({ operation }) => operation.name));
});

describe.each(cases)('%s', (name, ramAction, input, query) => {
  test('sends its own call, by a session for its own RAM action, and leaves the target as it says', async () => {
    const answer = await sent(name, input);
    const [session, call, ...more] = (await calls(simulator)).calls;
    expect(more).toEqual([]);
    expect(session).toMatchObject({ action: 'AssumeRole', status: 200 });
    const policy = JSON.parse(session?.parameters.Policy ?? '') as { Statement: { Action: string[] }[] };
    expect(policy.Statement.map(({ Action }) => Action)).toEqual([[ramAction, 'mq:MqttInstanceAccess']]);
    expect(call).toMatchObject({ action: name, method: 'POST', status: 200, applied: true });
    expect(call?.parameters).toMatchObject({ MqttInstanceId: at.mqttInstanceId, ...query });
    expect(answer).toEqual({ ok: true, requestId: call?.requestId, output: null });
    const implementation = implementationOf(name);
    const after = await implementation.read(input, context);
    if (!after.ok) throw new Error('expected to read what was called');
    expect(implementation.operation.achieved(after.snapshot)).toBe(true);
  });

  test('takes an answer about something else for none', async () => {
    await control(simulator, 'POST', '/faults', { action: name, kind: 'otherSn' });
    expect(await sent(name, input)).toMatchObject({ ok: false, class: 'unknown', code: 'other_sn' });
  });

  test('reads what is not there as nothing', async () => {
    const implementation = implementationOf(name);
    const nowhere = { ...input, ...('sn' in input ? { sn: 'none' } : { deviceSn: 'none' }) };
    expect(await implementation.read(nowhere, context)).toMatchObject({ ok: true, snapshot: null });
    const elsewhere = { ...input, mqttInstanceId: 'post-cn-none' };
    expect(await implementation.read(elsewhere, context)).toMatchObject({ ok: true, snapshot: null });
  });

  test('does not send an empty parameter', async () => {
    for (const member of Object.keys(input)) {
      const empty = { ...input, [member]: '' };
      expect(await sent(name, empty)).toMatchObject({ class: 'permanent', code: 'invalid_input' });
    }
    expect((await calls(simulator)).calls).toEqual([]);
  });
});

describe('a device certificate', () => {
  const read = () => implementationOf('ActiveDeviceCertificate').read(ofDevice, context);

  test('is read with the status of its CA certificate', async () => {
    expect(await read()).toEqual({
      ok: true,
      requestId: (await calls(simulator, '?action=GetDeviceCertificate')).calls[0]?.requestId,
      snapshot: {
        caSn: ofCa.sn,
        deviceSn: ofDevice.deviceSn,
        deviceName: 'pump',
        status: 'inactive',
        validFrom: '1970-01-01T00:00:00.000Z',
        validTo: '2030-03-17T17:46:40.000Z',
        fingerprint: null,
        caStatus: 'active',
      },
    });
    await sent('InactivateCaCertificate', ofCa);
    expect(await read()).toMatchObject({ snapshot: { caStatus: 'inactive' } });
  });

  test('whose CA certificate is not there says so', async () => {
    await control(simulator, 'POST', '/faults', {
      ...{ action: 'GetCaCertificate', status: 500, code: 'FindCaBySnError' },
    });
    expect(await read()).toMatchObject({ ok: true, snapshot: { caStatus: null } });
  });

  test.each(['GetDeviceCertificate', 'GetCaCertificate'])('is not read where %s fails', async (action) => {
    await control(simulator, 'POST', '/faults', { action, status: 500, code: 'InternalError' });
    expect(await read()).toMatchObject({ ok: false, class: 'transient', code: 'InternalError' });
  });

  test('no message of a fault has its serial numbers', async () => {
    await control(simulator, 'POST', '/faults', {
      action: 'ActiveDeviceCertificate',
      ...{ status: 400, code: 'Refused', message: `CaSn ${ofCa.sn}, DeviceSn ${ofDevice.deviceSn}` },
    });
    expect(await sent('ActiveDeviceCertificate', ofDevice)).toMatchObject({
      class: 'permanent',
      message: 'CaSn <casn>, DeviceSn <devicesn>',
    });
  });
});
