import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CallLog, MAX_KEPT_CALLS } from '../../simulator/call-log.ts';
import type { CallRecord } from '../../simulator/call-log.ts';
import { isLoopback } from '../../simulator/control.ts';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls, control, expectProblem } from './control-client.ts';
import type { WrongRequest } from './control-client.ts';
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

test('health answers ok', async () => {
  expect(await control(simulator, 'GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
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

test.each<WrongRequest>([
  { method: 'POST', path: '/faults', body: { action: 'ActivateCa' }, field: 'action', rule: /ActiveCaCert/ },
  {
    method: 'PUT',
    path: '/settings',
    body: { denied: [{ action: 'AssumeRole' }] },
    field: 'denied[0].action',
    rule: /one of ActiveCaCertificate/,
  },
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
])('$method $path with a wrong $field is refused, and nothing of it is taken', async (wrong) => {
  const settings = (await control(simulator, 'GET', '/settings')).body;
  await expectProblem(simulator, wrong);
  expect((await control(simulator, 'GET', '/faults')).body).toEqual({ faults: [] });
  expect((await control(simulator, 'GET', '/settings')).body).toEqual(settings);
});

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
