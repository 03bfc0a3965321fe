import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FAULT_KINDS } from '../../simulator/fault.ts';
import type { FaultKind } from '../../simulator/fault.ts';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls, control, keptStatus } from './control-client.ts';
import { INSTANCE, SN, call, failure, sendRaw, sign } from './vendor-client.ts';
import type { RawAnswer } from './vendor-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const query = { MqttInstanceId: INSTANCE, Sn: SN };
let simulator: RunningSimulator;

beforeEach(async () => {
  simulator = await startSimulator({ seed: [{ mqttInstanceId: INSTANCE, sn: SN }] });
});

afterEach(() => simulator.close());

async function script(...faults: object[]): Promise<void> {
  const answer = await control(simulator, 'POST', '/faults', faults);
  expect(answer.status).toBe(200);
}

function raw(): Promise<RawAnswer> {
  return sendRaw(simulator.port, sign(simulator.port, 'ActiveCaCertificate', { query }));
}

interface Expected {
  kind: FaultKind;
  /** Whether the certificate is active afterwards. */
  applied: boolean;
  /** What the SDK throws; absent when it resolves. */
  thrown?: object;
  /** What is recorded. */
  status: number | null;
  code?: string;
}

const silent = { name: 'RequestTimeoutError' };
const reset = { code: 'ECONNRESET' };
const serverError = { name: 'ServerError', code: 'InternalError', statusCode: 500 };
const unreadable = { name: 'SyntaxError' };

const expectations: Expected[] = [
  { kind: 'error', applied: false, thrown: serverError, status: 500, code: 'InternalError' },
  { kind: 'pass', applied: true, status: 200 },
  { kind: 'hang', applied: false, thrown: silent, status: null },
  { kind: 'hangAfterApply', applied: true, thrown: silent, status: null },
  { kind: 'reset', applied: false, thrown: reset, status: null },
  { kind: 'resetAfterApply', applied: true, thrown: reset, status: null },
  { kind: 'html', applied: false, thrown: unreadable, status: 503 },
  { kind: 'empty', applied: false, thrown: unreadable, status: 502 },
  { kind: 'truncated', applied: true, thrown: unreadable, status: 200 },
  {
    kind: 'aborted',
    applied: true,
    thrown: { message: expect.stringContaining('aborted') as unknown },
    status: 200,
  },
  { kind: 'appliedThen500', applied: true, thrown: serverError, status: 500, code: 'InternalError' },
  { kind: 'otherSn', applied: false, status: 200 },
];

test('every kind of fault has an expectation below', () => {
  expect(expectations.map(({ kind }) => kind)).toEqual([...FAULT_KINDS]);
});

test.each(expectations)(
  '$kind: what the SDK reports, what is applied, what is recorded',
  async (expected) => {
    await script({ action: 'ActiveCaCertificate', kind: expected.kind });
    const isSilent = expected.thrown === silent;
    if (expected.thrown === undefined) {
      const { body } = await call(simulator, 'ActiveCaCertificate', query);
      expect(body['Sn']).toBe(expected.kind === 'otherSn' ? `${SN}-other` : SN);
    } else {
      const timeoutMs = isSilent ? 1000 : 30_000;
      expect(await failure(simulator, 'ActiveCaCertificate', query, { timeoutMs })).toMatchObject(
        expected.thrown,
      );
    }
    // A client that gave up may have done so before its call was looked at.
    await vi.waitFor(async () => expect((await calls(simulator)).total).toBe(1), { timeout: 30_000 });
    expect(await keptStatus(simulator, SN)).toBe(expected.applied ? '1' : '0');
    const [recorded] = (await calls(simulator)).calls;
    expect(recorded).toMatchObject({
      fault: expected.kind,
      applied: expected.applied,
      status: expected.status,
      code: expected.code ?? null,
    });
    // Used up: the next call is answered truly.
    expect((await call(simulator, 'ActiveCaCertificate', query)).body['Sn']).toBe(SN);
  },
);

test('what arrives for html, empty and truncated', async () => {
  await script({ kind: 'html' }, { kind: 'html', status: 504 }, { kind: 'empty' }, { kind: 'truncated' });
  const html = await raw();
  expect([html.status, html.headers['content-type'], html.body.startsWith('<html>')]).toEqual([
    503,
    'text/html',
    true,
  ]);
  expect((await raw()).status).toBe(504);
  expect(await raw()).toMatchObject({ status: 502, body: '' });
  const truncated = await raw();
  expect(truncated.status).toBe(200);
  expect(truncated.body.startsWith('{"RequestId":"')).toBe(true);
  expect(truncated.body.endsWith('}')).toBe(false);
});

test('an error with a status, code, message and retry-after of the script’s', async () => {
  await script(
    { status: 503, code: 'ServiceUnavailable', message: 'closed for stocktaking' },
    { code: 'Throttling.Api', retryAfterMs: 1500 },
    { status: 200, code: 'InternalError' },
  );
  const unavailable = await failure(simulator, 'ActiveCaCertificate', query);
  expect(unavailable).toMatchObject({ name: 'ServerError', code: 'ServiceUnavailable', statusCode: 503 });
  expect(unavailable.message).toContain('closed for stocktaking');
  const throttled = await failure(simulator, 'ActiveCaCertificate', query);
  expect(throttled).toMatchObject({ name: 'ThrottlingError', statusCode: 429, retryAfter: 1500 });
  const resolved = await call(simulator, 'ActiveCaCertificate', query);
  expect(resolved.body).toMatchObject({ Code: 'InternalError' });
  expect(resolved.body['Sn']).toBeUndefined();
});

test.each([
  { code: 'InternalError', before: 500, after: 417 },
  { code: 'SystemOverFlow', before: 500, after: 403 },
  { code: 'FindCaBySnError', before: 500, after: 400 },
  { code: 'MqttInstanceNotFound', before: 500, after: 400 },
  { code: 'MqttOwnerCheckError', before: 403, after: 403 },
])(
  '$code stands at $before, and at $after with the vendor’s notice in force',
  async ({ code, before, after }) => {
    await script({ code, times: 2 });
    expect((await failure(simulator, 'ActiveCaCertificate', query)).statusCode).toBe(before);
    await control(simulator, 'PUT', '/settings', { movedStatuses: true });
    expect((await failure(simulator, 'ActiveCaCertificate', query)).statusCode).toBe(after);
  },
);

test('lines are taken in order, each as often as it says, and only by calls that fit', async () => {
  await control(simulator, 'PUT', '/certificates', { mqttInstanceId: INSTANCE, sn: 'second' });
  await script(
    { action: 'ActiveCaCertificate', sn: 'second', code: 'SystemOverFlow' },
    { action: 'ActiveCaCertificate', times: 2 },
    { action: 'ActiveCaCertificate', status: 403, code: 'PermissionCheckFailed' },
  );
  // A read meets none of them.
  expect((await call(simulator, 'GetCaCertificate', query)).statusCode).toBe(200);
  const codes = [];
  for (let n = 0; n < 3; n += 1) codes.push((await failure(simulator, 'ActiveCaCertificate', query)).code);
  expect(codes).toEqual(['InternalError', 'InternalError', 'PermissionCheckFailed']);
  const left = await control(simulator, 'GET', '/faults');
  expect(left.body).toMatchObject({ faults: [{ sn: 'second', times: 1 }] });
  await call(simulator, 'ActiveCaCertificate', query);
  expect((await failure(simulator, 'ActiveCaCertificate', { ...query, Sn: 'second' })).code).toBe(
    'SystemOverFlow',
  );
  expect((await control(simulator, 'GET', '/faults')).body).toEqual({ faults: [] });
});

test('a line can be aimed at an instance, a CA certificate, a device certificate', async () => {
  const other = 'post-cn-2';
  await control(simulator, 'PUT', '/certificates', [
    { mqttInstanceId: INSTANCE, sn: SN, deviceCertificates: [{ deviceSn: 'one' }, { deviceSn: 'two' }] },
    { mqttInstanceId: other, sn: SN, deviceCertificates: [{ deviceSn: 'one' }] },
  ]);
  const reads: [string, Record<string, string>][] = [
    ['GetCaCertificate', query],
    ['GetCaCertificate', { ...query, MqttInstanceId: other }],
    ['GetDeviceCertificate', { MqttInstanceId: INSTANCE, CaSn: SN, DeviceSn: 'one' }],
    ['GetDeviceCertificate', { MqttInstanceId: INSTANCE, CaSn: SN, DeviceSn: 'two' }],
    ['GetDeviceCertificate', { MqttInstanceId: other, CaSn: SN, DeviceSn: 'one' }],
    ['ListDeviceCertificateByCaSn', { MqttInstanceId: INSTANCE, CaSn: SN, PageNo: '1', PageSize: '1' }],
  ];
  const aims: [object, number[]][] = [
    [{}, [0, 1, 2, 3, 4, 5]],
    [{ mqttInstanceId: other }, [1, 4]],
    [{ sn: SN, mqttInstanceId: INSTANCE }, [0, 2, 3, 5]],
    [{ deviceSn: 'one' }, [2, 4]],
    [{ deviceSn: 'one', mqttInstanceId: INSTANCE }, [2]],
    [{ sn: SN, action: 'GetDeviceCertificate' }, [2, 3, 4]],
    [{ sn: 'one' }, []],
  ];
  for (const [aim, hit] of aims) {
    await control(simulator, 'DELETE', '/faults');
    await script({ ...aim, status: 200, code: 'Hit', times: 1000 });
    const answers = await Promise.all(reads.map(([action, given]) => call(simulator, action, given)));
    const met = answers.flatMap(({ body }, index) => (body['Code'] === 'Hit' ? [index] : []));
    expect([aim, met]).toEqual([aim, hit]);
  }
  // The same members choose among the recorded calls.
  const counts = ['mqttInstanceId=post-cn-2', 'deviceSn=two', `sn=${SN}`, 'deviceSn=none'];
  const found = await Promise.all(
    counts.map(async (filter) => (await calls(simulator, `?${filter}`)).calls.length),
  );
  expect(found).toEqual([2, 1, 6, 0].map((count) => count * aims.length));
});

test('DELETE forgets the script', async () => {
  await script({ times: 1000 });
  await control(simulator, 'DELETE', '/faults');
  expect((await call(simulator, 'ActiveCaCertificate', query)).statusCode).toBe(200);
});

test('a bare delay is a slow service: applied at once, answered late', async () => {
  await script({ delayMs: 400 });
  const started = performance.now();
  const answered = call(simulator, 'ActiveCaCertificate', query);
  await vi.waitFor(async () => expect(await keptStatus(simulator, SN)).toBe('1'), {
    timeout: 30_000,
    interval: 5,
  });
  expect((await answered).body['Sn']).toBe(SN);
  expect(performance.now() - started).toBeGreaterThanOrEqual(399);
  expect((await calls(simulator)).calls[0]).toMatchObject({ fault: 'pass', status: 200 });
});

test('a throttled or badly signed call uses no line up', async () => {
  await script({ kind: 'error' });
  const credentials = { accessKeyId: 'sim-access-key', accessKeySecret: 'wrong' };
  expect((await failure(simulator, 'ActiveCaCertificate', query, { credentials })).code).toBe(
    'SignatureDoesNotMatch',
  );
  expect((await failure(simulator, 'ActiveCaCertificate', query)).code).toBe('InternalError');
});

test('applied-then-500 on an unknown Sn applies nothing', async () => {
  await script({ kind: 'appliedThen500' });
  await failure(simulator, 'ActiveCaCertificate', { ...query, Sn: 'unknown' });
  expect((await calls(simulator)).calls[0]).toMatchObject({ applied: false, status: 500 });
});

test('close() ends hanging and delayed calls', async () => {
  await script({ kind: 'hang' }, { delayMs: 3_600_000 });
  const hanging = failure(simulator, 'ActiveCaCertificate', query, { timeoutMs: 120_000 });
  const delayed = failure(simulator, 'ActiveCaCertificate', query, { timeoutMs: 120_000 });
  await vi.waitFor(async () => expect((await calls(simulator)).total).toBe(2), { timeout: 30_000 });
  await simulator.close();
  expect((await hanging).code).toBe('ECONNRESET');
  expect((await delayed).code).toBe('ECONNRESET');
  simulator = await startSimulator({ port: simulator.port });
});
