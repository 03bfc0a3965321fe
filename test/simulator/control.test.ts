import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CallLog, MAX_KEPT_CALLS } from '../../simulator/call-log.ts';
import type { CallRecord } from '../../simulator/call-log.ts';
import { isLoopback } from '../../simulator/control.ts';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls, control } from './control-client.ts';
import { ACCESS_KEY, INSTANCE, SN, call, failure, sendRaw } from './vendor-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const query = { MqttInstanceId: INSTANCE, Sn: SN };
let simulator: RunningSimulator;
let lines: object[];

beforeEach(async () => {
  lines = [];
  simulator = await startSimulator({
    seed: [{ mqttInstanceId: INSTANCE, sn: SN, status: '1' }],
    log: (line) => lines.push(line),
  });
});

afterEach(() => simulator.close());

interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: { field: string; rule: string }[];
}

interface Kept {
  certificates: { mqttInstanceId: string; sn: string; status: string; caName: string }[];
}

test('health answers ok', async () => {
  expect(await control(simulator, 'GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
});

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

test('calls are listed in order with what was asked and answered', async () => {
  const answered = await call(simulator, 'ActiveCaCertificate', query);
  await failure(simulator, 'GetCaCertificate', { ...query, Sn: 'unknown' });
  const listed = await calls(simulator);
  expect(listed).toMatchObject({ total: 2 });
  const [first, second] = listed.calls;
  expect(first).toMatchObject({
    index: 0,
    action: 'ActiveCaCertificate',
    version: '2020-04-20',
    method: 'POST',
    parameters: query,
    status: 200,
    code: null,
    requestId: answered.body['RequestId'],
    applied: true,
    fault: null,
    accessKeyId: ACCESS_KEY,
    session: null,
  });
  expect(first?.userAgent).toContain('AlibabaCloud');
  expect(Math.abs((first?.time ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(second).toMatchObject({ index: 1, status: 500, code: 'FindCaBySnError', applied: false });
  expect(second?.time).toBeGreaterThan(first?.time ?? Infinity);
  expect((await calls(simulator, '?action=GetCaCertificate')).calls.map(({ index }) => index)).toEqual([1]);
  expect((await calls(simulator, `?sn=${SN}`)).calls.map(({ index }) => index)).toEqual([0]);
  expect((await calls(simulator, '?code=FindCaBySnError')).calls.map(({ index }) => index)).toEqual([1]);
  const emptied = await control(simulator, 'DELETE', '/calls');
  expect(emptied.status).toBe(200);
  expect(await calls(simulator)).toEqual({ total: 0, peakPerSecond: 0, calls: [] });
});

test('every call and control request is logged, no secret among them', async () => {
  await call(simulator, 'ActiveCaCertificate', query);
  await control(simulator, 'GET', '/health');
  expect(lines).toMatchObject([
    { event: 'call', action: 'ActiveCaCertificate', status: 200 },
    { event: 'control', method: 'GET', path: '/_sim/health', status: 200 },
  ]);
  expect(JSON.stringify(lines)).not.toContain('sim-secret');
});

test('the log of calls is bounded; the count is kept', () => {
  const log = new CallLog();
  const record: Omit<CallRecord, 'index'> = {
    time: 0,
    durationMs: null,
    action: 'GetCaCertificate',
    version: '2020-04-20',
    method: 'GET',
    parameters: {},
    status: 200,
    code: null,
    requestId: 'X',
    applied: false,
    fault: null,
    accessKeyId: ACCESS_KEY,
    session: null,
    userAgent: '',
  };
  for (let n = 0; n < MAX_KEPT_CALLS + 10; n += 1) log.open(record);
  const kept = log.list({});
  expect(kept).toHaveLength(MAX_KEPT_CALLS);
  expect(kept[0]?.index).toBe(10);
  expect(log.total).toBe(MAX_KEPT_CALLS + 10);
});

test.each([
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
  { method: 'POST', path: '/faults', body: { action: 'ActivateCa' }, field: 'action', rule: /ActiveCaCert/ },
  {
    method: 'PUT',
    path: '/settings',
    body: { denied: [{ action: 'AssumeRole' }] },
    field: 'denied[0].action',
    rule: /one of ActiveCaCertificate/,
  },
  { method: 'PUT', path: '/certificates', body: 'null', field: '(body)', rule: /object/ },
  { method: 'PUT', path: '/certificates?replace=yes', body: [], field: 'replace', rule: /all/ },
  { method: 'POST', path: '/faults', body: { kind: 'explode' }, field: 'kind', rule: /one of error, / },
  { method: 'POST', path: '/faults', body: [{}, { times: 0 }], field: '[1].times', rule: /integer from 1/ },
  { method: 'POST', path: '/faults', body: { status: 999 }, field: 'status', rule: /200 to 599/ },
  { method: 'POST', path: '/faults', body: { delayMs: -1 }, field: 'delayMs', rule: /integer from 0/ },
  {
    method: 'PUT',
    path: '/settings',
    body: { movedStatuses: 'yes' },
    field: 'movedStatuses',
    rule: /true or false/,
  },
  {
    method: 'PUT',
    path: '/settings',
    body: { denied: [{ actions: 'x' }] },
    field: 'denied[0].actions',
    rule: /unknown/,
  },
  {
    method: 'PUT',
    path: '/settings',
    body: { foreignInstances: 'x' },
    field: 'foreignInstances',
    rule: /list/,
  },
  { method: 'GET', path: '/calls?action_=x', body: undefined, field: 'action_', rule: /unknown/ },
])(
  '$method $path with a wrong $field is refused, naming field and rule',
  async ({ method, path, body, field, rule }) => {
    const answer = await control<Problem>(simulator, method, path, body);
    expect([answer.status, answer.contentType, answer.body.status]).toEqual([
      422,
      'application/problem+json',
      422,
    ]);
    const named = answer.body.errors?.find((error) => error.field === field);
    expect(named?.rule).toMatch(rule);
    // Nothing of a refused body is taken.
    expect((await control<Kept>(simulator, 'GET', '/certificates')).body.certificates).toHaveLength(1);
    expect((await control(simulator, 'GET', '/device-certificates')).body).toEqual({
      deviceCertificates: [],
    });
    expect((await control(simulator, 'GET', '/faults')).body).toEqual({ faults: [] });
  },
);

test('what is not JSON, an unknown path and a wrong method are problems too', async () => {
  expect(await control(simulator, 'PUT', '/certificates', '{')).toMatchObject({
    status: 400,
    body: { status: 400 },
  });
  expect(await control(simulator, 'GET', '/elsewhere')).toMatchObject({ status: 404, body: { status: 404 } });
  expect(await control(simulator, 'PATCH', '/faults')).toMatchObject({ status: 405, body: { status: 405 } });
});

test('a body above 4 MiB is refused', async () => {
  const answer = await control(simulator, 'PUT', '/certificates', ' '.repeat(4 * 1024 * 1024 + 1));
  expect(answer.status).toBe(413);
});

test('only loopback callers steer it: no foreign Host, no foreign Origin, no other address', async () => {
  const probe = async (headers: Record<string, string>): Promise<number> =>
    (await sendRaw(simulator.port, { method: 'GET', path: '/_sim/health', headers, body: '' })).status;
  expect(await probe({ host: `localhost:${simulator.port}` })).toBe(200);
  expect(await probe({ origin: 'http://localhost:3000' })).toBe(200);
  expect(await probe({ host: 'rebound.example' })).toBe(403);
  expect(await probe({ origin: 'https://evil.example' })).toBe(403);
  expect(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true);
  expect(['10.0.0.1', '::2', '::ffff:10.0.0.1', '1127.0.0.1', undefined].some(isLoopback)).toBe(false);
});

test('a port in use is an error, and a closed simulator frees its port', async () => {
  await expect(startSimulator({ port: simulator.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await simulator.close();
  simulator = await startSimulator({ port: simulator.port });
  expect((await control(simulator, 'GET', '/health')).status).toBe(200);
});

test('a client that goes away in the middle of its request leaves the simulator well', async () => {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(simulator.port, '127.0.0.1', () => {
      socket.end('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');
    });
    socket.on('close', () => resolve());
    socket.on('error', reject);
    socket.resume();
  });
  expect((await control(simulator, 'GET', '/health')).status).toBe(200);
  expect(lines).not.toContainEqual(expect.objectContaining({ event: 'defect' }));
});
