import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { control, expectProblem } from './control-client.ts';
import type { WrongRequest } from './control-client.ts';
import { INSTANCE, SN, call, failure } from './vendor-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const query = { MqttInstanceId: INSTANCE, Sn: SN };
let simulator: RunningSimulator;

beforeEach(async () => {
  simulator = await startSimulator({ seed: [{ mqttInstanceId: INSTANCE, sn: SN, status: '1' }] });
});

afterEach(() => simulator.close());

interface Kept {
  certificates: { mqttInstanceId: string; sn: string; status: string; caName: string }[];
}

test('the certificates put are kept with their defaults; a repeated one is replaced whole', async () => {
  const first = await control<Kept>(simulator, 'PUT', '/certificates', {
    mqttInstanceId: INSTANCE,
    sn: SN,
    caName: 'named',
  });
  expect(first.body.certificates).toEqual([
    {
      mqttInstanceId: INSTANCE,
      sn: SN,
      caName: 'named',
      status: '0',
      validBegin: String(Date.UTC(2025, 0, 1)),
      validEnd: String(Date.UTC(2035, 0, 1)),
      caContent: '',
      registrationCode: '',
      verificationContent: '',
      deviceCertificates: [],
    },
  ]);
  await control(simulator, 'PUT', '/certificates', [
    { mqttInstanceId: INSTANCE, sn: SN },
    { mqttInstanceId: 'post-cn-2', sn: SN, status: '1' },
  ]);
  const both = await control<Kept>(simulator, 'GET', '/certificates');
  expect(
    both.body.certificates.map(({ mqttInstanceId, caName, status }) => [mqttInstanceId, caName, status]),
  ).toEqual([
    [INSTANCE, `ca-${SN}`, '0'],
    ['post-cn-2', `ca-${SN}`, '1'],
  ]);
  const one = await control<Kept>(simulator, 'GET', '/certificates?mqttInstanceId=post-cn-2');
  expect(one.body.certificates).toHaveLength(1);
});

test('replace=all forgets the others and their instances', async () => {
  await control(simulator, 'PUT', '/certificates?replace=all', [{ mqttInstanceId: 'post-cn-2', sn: 'x' }]);
  expect((await failure(simulator, 'GetCaCertificate', query)).code).toBe('MqttInstanceNotFound');
  await control(simulator, 'PUT', '/settings', { emptyInstances: [INSTANCE] });
  expect((await failure(simulator, 'GetCaCertificate', query)).code).toBe('FindCaBySnError');
});

const device = { mqttInstanceId: INSTANCE, caSn: SN, deviceSn: 'device-1' };

interface KeptDevices {
  deviceCertificates: object[];
}

test('the device certificates put are kept with their defaults; a repeated one is replaced whole', async () => {
  const defaults = {
    deviceName: 'device-1',
    status: '1',
    validBegin: String(Date.UTC(2025, 0, 1)),
    validEnd: String(Date.UTC(2035, 0, 1)),
    deviceContent: '',
  };
  const given = { deviceName: 'press', status: '0', validBegin: '1', validEnd: '2', deviceContent: 'pem' };
  const named = await control<KeptDevices>(simulator, 'PUT', '/device-certificates', { ...device, ...given });
  expect(named.body.deviceCertificates).toEqual([{ ...device, ...given }]);
  const both = await control<KeptDevices>(simulator, 'PUT', '/device-certificates', [
    device,
    { ...device, deviceSn: 'device-2', validEnd: 5 },
  ]);
  const second = { ...defaults, deviceSn: 'device-2', deviceName: 'device-2', validEnd: '5' };
  expect(both.body.deviceCertificates).toEqual([
    { ...device, ...defaults },
    { ...device, ...second },
  ]);
  const ofCa = await control(simulator, 'GET', `/certificates?sn=${SN}`);
  const { deviceSn } = device;
  expect(ofCa.body).toMatchObject({
    certificates: [{ deviceCertificates: [{ ...defaults, deviceSn }, second] }],
  });
});

test('a CA certificate put again keeps its device certificates, unless it comes with others', async () => {
  const devices = async (): Promise<unknown> =>
    (await control<KeptDevices>(simulator, 'GET', '/device-certificates')).body.deviceCertificates;
  await control(simulator, 'PUT', '/device-certificates', device);
  await control(simulator, 'PUT', '/certificates', { mqttInstanceId: INSTANCE, sn: SN, status: '0' });
  expect(await devices()).toMatchObject([device]);
  const others = [{ deviceSn: 'x', status: '0' }, { deviceSn: 'x' }, { deviceSn: 'y' }];
  await control(simulator, 'PUT', '/certificates', {
    mqttInstanceId: INSTANCE,
    sn: SN,
    deviceCertificates: others,
  });
  expect(await devices()).toMatchObject([
    { deviceSn: 'x', status: '1' },
    { deviceSn: 'y', status: '1' },
  ]);
});

test('what is kept can be put as it was read, and is the same again', async () => {
  await control(simulator, 'PUT', '/device-certificates', device);
  const cas = await control<Kept>(simulator, 'GET', '/certificates');
  const devices = await control<KeptDevices>(simulator, 'GET', '/device-certificates');
  await control(simulator, 'PUT', '/certificates?replace=all', cas.body.certificates);
  await control(simulator, 'PUT', '/device-certificates', devices.body.deviceCertificates);
  expect(await control(simulator, 'GET', '/certificates')).toEqual(cas);
  expect(await control(simulator, 'GET', '/device-certificates')).toEqual(devices);
});

test('reading and removing can be narrowed to an instance, a CA certificate, a device certificate', async () => {
  const deviceCertificates = [{ deviceSn: 'a' }, { deviceSn: 'b' }];
  await control(simulator, 'PUT', '/certificates?replace=all', [
    { mqttInstanceId: 'i', sn: '1', deviceCertificates },
    { mqttInstanceId: 'i', sn: '2', deviceCertificates },
    { mqttInstanceId: 'j', sn: '1', deviceCertificates },
  ]);
  const names = (body: unknown): string[] => {
    const { certificates = [], deviceCertificates: devices = [] } = body as Record<string, Named[]>;
    return [...certificates, ...devices].map((one) =>
      [one.mqttInstanceId, one.sn ?? one.caSn, one.deviceSn].join(' ').trim(),
    );
  };
  const ask = async (method: string, path: string): Promise<string[]> =>
    names((await control(simulator, method, path)).body);
  expect(await ask('GET', '/certificates?mqttInstanceId=i')).toEqual(['i 1', 'i 2']);
  expect(await ask('GET', '/certificates?sn=1')).toEqual(['i 1', 'j 1']);
  expect(await ask('GET', '/device-certificates?deviceSn=a')).toEqual(['i 1 a', 'i 2 a', 'j 1 a']);
  expect(await ask('GET', '/device-certificates?mqttInstanceId=i&caSn=2')).toEqual(['i 2 a', 'i 2 b']);
  const left = ['i 1 a', 'i 1 b', 'i 2 b', 'j 1 a', 'j 1 b'];
  expect(await ask('DELETE', '/device-certificates?mqttInstanceId=i&caSn=2&deviceSn=a')).toEqual(left);
  expect(await ask('DELETE', '/certificates?mqttInstanceId=i&sn=1')).toEqual(['i 2', 'j 1']);
  expect(await ask('GET', '/device-certificates')).toEqual(left.slice(2));
  expect(await ask('DELETE', '/certificates')).toEqual([]);
  expect((await failure(simulator, 'GetCaCertificate', { MqttInstanceId: 'j', Sn: '1' })).code).toBe(
    'FindCaBySnError',
  );
});

interface Named {
  mqttInstanceId: string;
  sn?: string;
  caSn?: string;
  deviceSn?: string;
}

test('a status that the vendor never documented is kept and answered', async () => {
  await control(simulator, 'PUT', '/certificates', { mqttInstanceId: INSTANCE, sn: SN, status: 'frozen' });
  const { body } = await call(simulator, 'GetCaCertificate', query);
  expect(body['Data']).toMatchObject({ Status: 'frozen' });
});

test.each<WrongRequest>([
  {
    method: 'PUT',
    path: '/certificates',
    body: [{ sn: 'x' }],
    field: '[0].mqttInstanceId',
    rule: /required/,
  },
  {
    method: 'PUT',
    path: '/certificates',
    body: { mqttInstanceId: 'i', sn: 'é'.repeat(65) },
    field: 'sn',
    rule: /1 to 128 bytes/,
  },
  {
    method: 'PUT',
    path: '/certificates',
    body: { mqttInstanceId: 'i', sn: 'x', state: '1' },
    field: 'state',
    rule: /unknown/,
  },
  {
    method: 'PUT',
    path: '/certificates',
    body: { mqttInstanceId: 'i', sn: 'x', status: 1 },
    field: 'status',
    rule: /string/,
  },
  {
    method: 'PUT',
    path: '/certificates',
    body: { mqttInstanceId: 'i', sn: 'x', validEnd: '2030-01-01' },
    field: 'validEnd',
    rule: /milliseconds/,
  },
  {
    method: 'PUT',
    path: '/certificates',
    body: [{ mqttInstanceId: 'i', sn: 'x', deviceCertificates: [{}] }],
    field: '[0].deviceCertificates[0].deviceSn',
    rule: /required/,
  },
  {
    method: 'PUT',
    path: '/device-certificates',
    body: [
      { mqttInstanceId: INSTANCE, caSn: SN, deviceSn: 'd' },
      { caSn: SN, deviceSn: 'd' },
    ],
    field: '[1].mqttInstanceId',
    rule: /required/,
  },
  {
    method: 'PUT',
    path: '/device-certificates',
    body: { mqttInstanceId: INSTANCE, deviceSn: 'd' },
    field: 'caSn',
    rule: /required/,
  },
  {
    method: 'PUT',
    path: '/device-certificates',
    body: [
      { mqttInstanceId: INSTANCE, caSn: SN, deviceSn: 'd' },
      { mqttInstanceId: 'j', caSn: SN, deviceSn: 'd' },
    ],
    field: '[1].caSn',
    rule: /CA certificate of the instance/,
  },
  {
    method: 'PUT',
    path: '/device-certificates',
    body: { mqttInstanceId: INSTANCE, caSn: SN, deviceSn: 'd', validEnd: 'soon' },
    field: 'validEnd',
    rule: /milliseconds/,
  },
  {
    method: 'PUT',
    path: '/device-certificates',
    body: { mqttInstanceId: INSTANCE, caSn: SN, deviceSn: 'd', sn: SN },
    field: 'sn',
    rule: /unknown/,
  },
  { method: 'GET', path: '/device-certificates?sn=x', body: undefined, field: 'sn', rule: /known: .*caSn/ },
  { method: 'DELETE', path: '/device-certificates?sn=x', body: undefined, field: 'sn', rule: /unknown/ },
  { method: 'DELETE', path: '/certificates?caSn=x', body: undefined, field: 'caSn', rule: /unknown/ },
  { method: 'PUT', path: '/certificates', body: 'null', field: '(body)', rule: /object/ },
  { method: 'PUT', path: '/certificates?replace=yes', body: [], field: 'replace', rule: /all/ },
])('$method $path with a wrong $field is refused, and nothing of it is taken', async (wrong) => {
  const before = [
    await control(simulator, 'GET', '/certificates'),
    await control(simulator, 'GET', '/device-certificates'),
  ];
  await expectProblem(simulator, wrong);
  expect([
    await control(simulator, 'GET', '/certificates'),
    await control(simulator, 'GET', '/device-certificates'),
  ]).toEqual(before);
});
