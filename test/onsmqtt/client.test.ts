import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createSilentServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { caCertificateClient } from '../support/ca-certificate-client.ts';
import type { OnsMqttOptions } from '../../onsmqtt/client.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import type { Fault, FaultClass } from '../../domain/fault.ts';
import type { CaCertificateClient } from '../support/ca-certificate-client.ts';
import type { FAULT_KINDS } from '../../simulator/fault.ts';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls, control, keptStatus } from '../simulator/control-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const key = { accessKeyId: 'LTAI-test-key-id', accessKeySecret: 'test-secret-of-the-key' };
const changeId = '0b7f5a52-0e54-8a5c-9f0e-6f3a1c2d4e5f';
/** Characters that URLs encode, and the words by which errors are told apart. */
const ref = {
  regionId: 'cn-hangzhou',
  mqttInstanceId: 'post-cn-ECONNREFUSED-1',
  sn: '00 timeout/ENOTFOUND+InvalidCredentials?ü',
};
const atOnce = { claim: () => Promise.resolve() };
const deadlineMs = 20_000;
let simulator: RunningSimulator;
let client: CaCertificateClient;

function clientTo(endpoint: string, options: Partial<OnsMqttOptions> = {}): CaCertificateClient {
  return caCertificateClient({
    endpoint,
    credential: () => createCredential(key),
    pace: atOnce,
    deadlineMs,
    ...options,
  });
}

beforeAll(async () => {
  simulator = await startSimulator({ accessKeys: { [key.accessKeyId]: key.accessKeySecret } });
  client = clientTo(simulator.url);
});
beforeEach(async () => {
  await control(simulator, 'PUT', '/certificates?replace=all', {
    mqttInstanceId: ref.mqttInstanceId,
    sn: ref.sn,
    caName: 'factory',
    status: '0',
    validBegin: 1_600_000_000_000,
    validEnd: 1_900_000_000_000,
    caContent: 'pem',
  });
  await control(simulator, 'DELETE', '/faults');
  await control(simulator, 'DELETE', '/calls');
  await control(simulator, 'PUT', '/settings', {
    movedStatuses: false,
    callsPerSecond: 10_000,
    foreignInstances: [],
    emptyInstances: [],
    denied: [],
  });
});
afterAll(() => simulator.close());

const script = (fault: object) => control(simulator, 'POST', '/faults', fault);

/** What must not be told, in every spelling that an error's message may have it in. */
function expectNothingTold(fault: object): void {
  const told = decodeURIComponent(
    decodeURIComponent(JSON.stringify(fault).replace(/%(?![0-9a-f]{2})/gi, '')),
  );
  for (const secret of [
    ref.sn,
    ref.mqttInstanceId,
    key.accessKeyId,
    key.accessKeySecret,
    '://',
    '127.0.0.1',
  ]) {
    expect(told).not.toContain(secret);
  }
}

async function faulty(answer: Promise<{ ok: boolean }>): Promise<Fault> {
  const fault = await answer;
  if (fault.ok) throw new Error('expected a fault');
  expectNothingTold(fault);
  const { message } = fault as Fault;
  expect(message.length).toBeGreaterThan(0);
  expect(message.length).toBeLessThanOrEqual(512);
  return fault as Fault;
}

test('activates, answers the RequestId of the call, and reads what was activated', async () => {
  const before = await client.getCaCertificate(ref);
  expect(before).toMatchObject({
    ok: true,
    snapshot: {
      sn: ref.sn,
      caName: 'factory',
      status: 'inactive',
      validFrom: '2020-09-13T12:26:40.000Z',
      validTo: '2030-03-17T17:46:40.000Z',
      fingerprint: 'f0aeace912cf19dc1c6fffd41de6e395daeb5462f1221945706bd0674c3005eb',
    },
  });
  const answer = await client.activeCaCertificate(ref, changeId);
  const after = await client.getCaCertificate(ref);
  expect(after).toMatchObject({ ok: true, snapshot: { status: 'active' } });
  const recorded = (await calls(simulator)).calls;
  expect(recorded.map(({ action, method, status }) => [action, method, status])).toEqual([
    ['GetCaCertificate', 'GET', 200],
    ['ActiveCaCertificate', 'POST', 200],
    ['GetCaCertificate', 'GET', 200],
  ]);
  expect(answer).toEqual({ ok: true, requestId: recorded[1]?.requestId, output: null });
});

interface Expected {
  readonly fault: object;
  readonly class: FaultClass;
  readonly code: string;
  readonly httpStatus: number | null;
  readonly applied: boolean;
}

const kinds: Record<Exclude<(typeof FAULT_KINDS)[number], 'pass'>, Omit<Expected, 'fault'>> = {
  error: { class: 'transient', code: 'InternalError', httpStatus: 500, applied: false },
  hang: { class: 'unknown', code: 'timeout', httpStatus: null, applied: false },
  hangAfterApply: { class: 'unknown', code: 'timeout', httpStatus: null, applied: true },
  reset: { class: 'unknown', code: 'connection_reset', httpStatus: null, applied: false },
  resetAfterApply: { class: 'unknown', code: 'connection_reset', httpStatus: null, applied: true },
  html: { class: 'unknown', code: 'unreadable_answer', httpStatus: 503, applied: false },
  empty: { class: 'unknown', code: 'unreadable_answer', httpStatus: 502, applied: false },
  truncated: { class: 'unknown', code: 'unreadable_answer', httpStatus: 200, applied: true },
  aborted: { class: 'unknown', code: 'connection_reset', httpStatus: 200, applied: true },
  appliedThen500: { class: 'transient', code: 'InternalError', httpStatus: 500, applied: true },
  otherSn: { class: 'unknown', code: 'other_sn', httpStatus: 200, applied: false },
};

describe('each way in which a call can go wrong', () => {
  test.each(Object.entries(kinds))('%s', async (kind, { applied, ...expected }) => {
    await script({ kind });
    const own = clientTo(simulator.url, kind.startsWith('hang') ? { deadlineMs: 1500 } : {});
    const fault = await faulty(own.activeCaCertificate(ref, changeId));
    expect(fault).toMatchObject(expected);
    expect(await keptStatus(simulator, ref.sn)).toBe(applied ? '1' : '0');
    if (!['hang', 'hangAfterApply', 'reset', 'resetAfterApply', 'html', 'empty'].includes(kind)) {
      expect(fault.requestId).toBe((await calls(simulator)).calls[0]?.requestId);
    }
    expect((await calls(simulator)).total).toBe(1);
  });

  test.each(Object.entries(kinds))('%s on a read leaves no outcome in doubt', async (kind, expected) => {
    await script({ kind });
    const own = clientTo(simulator.url, kind.startsWith('hang') ? { deadlineMs: 1500 } : {});
    const fault = await faulty(own.getCaCertificate(ref));
    expect(fault).toMatchObject({ class: 'transient', httpStatus: expected.httpStatus });
  });

  test('an answer that comes after the deadline is not waited for, one before it is', async () => {
    await script({ delayMs: 60_000 });
    const began = performance.now();
    expect(
      await faulty(clientTo(simulator.url, { deadlineMs: 1500 }).activeCaCertificate(ref, changeId)),
    ).toMatchObject({
      class: 'unknown',
      code: 'timeout',
    });
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(await keptStatus(simulator, ref.sn)).toBe('1');
    await script({ delayMs: 700 });
    expect(await client.activeCaCertificate(ref, changeId)).toMatchObject({ ok: true });
  });
});

describe("the vendor's codes at the statuses that it answers them with", () => {
  test.each([
    [{ code: 'ParameterFieldCheckFailed', status: 400 }, 'permanent'],
    [{ code: 'ParameterFieldCheckFailed', status: 500 }, 'doubtful'],
    [{ code: 'FindCaBySnError' }, 'doubtful'],
    [{ code: 'MqttInstanceNotFound' }, 'doubtful'],
    [{ code: 'PermissionCheckFailed' }, 'permanent'],
    [{ code: 'MqttOwnerCheckError' }, 'permanent'],
    [{ code: 'MqttOwnerCheckError', status: 500 }, 'permanent'],
    [{ code: 'InternalError' }, 'transient'],
    [{ code: 'ServiceUnavailable' }, 'transient'],
    [{ code: 'SystemOverFlow' }, 'throttled'],
    [{ code: 'Throttling.User', status: 400 }, 'throttled'],
    [{ code: 'Throttling.User', status: 429 }, 'throttled'],
    [{ code: 'Throttling.User', status: 503 }, 'throttled'],
    [{ code: 'SomethingNew', status: 500 }, 'transient'],
    [{ code: 'SomethingNew', status: 409 }, 'permanent'],
    [{ code: 'InternalError', status: 200 }, 'unknown'],
    [{ code: 'PermissionCheckFailed', status: 200 }, 'unknown'],
  ] as const)('%o is %s', async (answer, expected) => {
    await script(answer);
    const fault = await faulty(client.activeCaCertificate(ref, changeId));
    const [recorded] = (await calls(simulator)).calls;
    expect(fault).toMatchObject({
      class: expected,
      code: answer.code,
      httpStatus: recorded?.status,
      requestId: recorded?.requestId,
      retryAfterMs: null,
    });
  });

  test.each([
    ['InternalError', 417, 'transient'],
    ['SystemOverFlow', 403, 'throttled'],
    ['FindCaBySnError', 400, 'permanent'],
    ['MqttInstanceNotFound', 400, 'permanent'],
    ['ParameterFieldCheckFailed', 400, 'permanent'],
    ['MqttOwnerCheckError', 403, 'permanent'],
  ] as const)('since the notice %s stands at %i and is %s', async (code, httpStatus, expected) => {
    await control(simulator, 'PUT', '/settings', { movedStatuses: true });
    await script({ code });
    expect(await faulty(client.activeCaCertificate(ref, changeId))).toMatchObject({
      class: expected,
      code,
      httpStatus,
    });
  });

  test.each(['Throttling.User', 'SystemOverFlow', 'ServiceUnavailable'])(
    '%s says in ms when to come again',
    async (code) => {
      await script({ code, retryAfterMs: 1700 });
      expect(await faulty(client.activeCaCertificate(ref, changeId))).toMatchObject({
        code,
        retryAfterMs: 1700,
      });
      await script({ code });
      expect(await faulty(client.activeCaCertificate(ref, changeId))).toMatchObject({
        code,
        retryAfterMs: null,
      });
    },
  );

  test.each([false, true])(
    'what is not there reads as null, moved statuses or not (%s)',
    async (movedStatuses) => {
      await control(simulator, 'PUT', '/settings', { movedStatuses });
      const missing = await client.getCaCertificate({ ...ref, sn: 'another' });
      const elsewhere = await client.getCaCertificate({ ...ref, mqttInstanceId: 'post-cn-none' });
      const recorded = (await calls(simulator)).calls;
      expect(recorded.map(({ code }) => code)).toEqual(['FindCaBySnError', 'MqttInstanceNotFound']);
      expect(missing).toEqual({ ok: true, requestId: recorded[0]?.requestId, snapshot: null });
      expect(elsewhere).toEqual({ ok: true, requestId: recorded[1]?.requestId, snapshot: null });
    },
  );

  test.each([['PermissionCheckFailed'], ['Throttling.User'], ['ParameterFieldCheckFailed']])(
    'a read that is answered %s says nothing about the certificate',
    async (code) => {
      await script({ code });
      expect(await faulty(client.getCaCertificate(ref))).toMatchObject({ code });
    },
  );

  test('a real throttle is told as one', async () => {
    await control(simulator, 'PUT', '/settings', { callsPerSecond: 1 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.getCaCertificate(ref)));
    const throttled = answers.find((answer) => !answer.ok);
    expect(throttled).toMatchObject({ class: 'throttled', code: 'Throttling.User', httpStatus: 429 });
    expect((throttled as Fault).retryAfterMs).toBeGreaterThan(0);
    expect((throttled as Fault).retryAfterMs).toBeLessThanOrEqual(1000);
  });
});

describe('messages', () => {
  test('tell nothing of the target, the key or the address, however the vendor writes them', async () => {
    const encoded = encodeURIComponent(ref.sn);
    const message = `POST http://x.example/?Sn=${encoded} ${ref.sn} ${ref.mqttInstanceId} ${encodeURIComponent(encoded)} ${key.accessKeyId}`;
    await script({ code: 'SomethingNew', status: 400, message: `before ${message} after` });
    const fault = await faulty(client.activeCaCertificate(ref, changeId));
    expect(fault.message).toMatch(/^before .* after$/);
  });

  test('are one line of at most 512 characters that Postgres can keep', async () => {
    await script({
      code: 'SomethingNew',
      status: 400,
      message: `\u0000\n\ud800${'x'.repeat(503)}😀😀😀${'y'.repeat(9999)}`,
    });
    const { message } = await faulty(client.activeCaCertificate(ref, changeId));
    expect(message.length).toBeLessThanOrEqual(512);
    expect(message.isWellFormed()).toBe(true);
    expect(message).not.toMatch(/\p{Cc}/u);
  });
});

describe('credentials', () => {
  test('a wrong secret and an unknown key are permanent', async () => {
    const wrong = clientTo(simulator.url, {
      credential: () => createCredential({ ...key, accessKeySecret: 'wrong' }),
    });
    expect(await faulty(wrong.activeCaCertificate(ref, changeId))).toMatchObject({
      class: 'permanent',
      code: 'SignatureDoesNotMatch',
      httpStatus: 400,
    });
    const unknown = clientTo(simulator.url, {
      credential: () => createCredential({ ...key, accessKeyId: 'nobody' }),
    });
    expect(await faulty(unknown.activeCaCertificate(ref, changeId))).toMatchObject({
      class: 'permanent',
      code: 'InvalidAccessKeyId.NotFound',
      httpStatus: 404,
    });
    expect(await keptStatus(simulator, ref.sn)).toBe('0');
  });

  test('are made anew after they were refused, and after they could not be had', async () => {
    const offered = [
      () => createCredential({ ...key, accessKeySecret: 'wrong' }),
      () => createCredential({ accessKeyId: '', accessKeySecret: '' }),
      () => createCredential(key),
    ];
    let made = 0;
    const changing = clientTo(simulator.url, {
      credential: () => {
        made += 1;
        return (offered.shift() ?? (() => createCredential(key)))();
      },
    });
    expect(await faulty(changing.activeCaCertificate(ref, changeId))).toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
    expect(await faulty(changing.activeCaCertificate(ref, changeId))).toMatchObject({
      class: 'transient',
      code: 'not_sent',
    });
    expect(await changing.activeCaCertificate(ref, changeId)).toMatchObject({ ok: true });
    expect(await changing.getCaCertificate(ref)).toMatchObject({ ok: true });
    expect(made).toBe(3);
    expect((await calls(simulator)).total).toBe(3);
  });
});

describe('what never leaves this machine', () => {
  test('nobody listens', async () => {
    const gone = await startSimulator();
    await gone.close();
    expect(await faulty(clientTo(gone.url).activeCaCertificate(ref, changeId))).toMatchObject({
      class: 'transient',
      code: 'not_sent',
      httpStatus: null,
    });
  });

  test('the host has no address', async () => {
    const nowhere = clientTo('https://onsmqtt.countersign.invalid');
    expect(await faulty(nowhere.activeCaCertificate(ref, changeId))).toMatchObject({
      class: 'transient',
      code: 'not_sent',
    });
  });

  test.each([
    [{ ...ref, sn: '' }],
    [{ ...ref, mqttInstanceId: '' }],
    [{ ...ref, regionId: 'evil.example/' }],
    [{ ...ref, regionId: '' }],
    [{ ...ref, sn: undefined as unknown as string }],
  ])('input that the SDK would send as something else: %o', async (input) => {
    expect(await client.activeCaCertificate(input, changeId)).toMatchObject({
      class: 'permanent',
      code: 'invalid_input',
    });
    expect(await client.getCaCertificate(input)).toMatchObject({ class: 'permanent', code: 'invalid_input' });
    expect((await calls(simulator)).total).toBe(0);
  });

  test('another region than the one that is served', async () => {
    const served = clientTo(simulator.url, { region: 'cn-shanghai' });
    expect(await served.activeCaCertificate(ref, changeId)).toMatchObject({
      class: 'permanent',
      code: 'invalid_input',
      message: 'expected the region cn-shanghai',
    });
    expect(await served.getCaCertificate(ref)).toMatchObject({ class: 'permanent', code: 'invalid_input' });
    expect((await calls(simulator)).total).toBe(0);
  });

  test('a pace that refuses', async () => {
    const refused = clientTo(simulator.url, { pace: { claim: () => Promise.reject(new Error('no')) } });
    expect(await faulty(refused.activeCaCertificate(ref, changeId))).toMatchObject({
      class: 'transient',
      code: 'not_sent',
    });
    expect((await calls(simulator)).total).toBe(0);
  });
});

test('the deadline counts from the sending, not from the wait for the pace', async () => {
  const slow = clientTo(simulator.url, {
    deadlineMs: 1500,
    pace: { claim: () => new Promise((resolve) => setTimeout(resolve, 2000)) },
  });
  expect(await slow.activeCaCertificate(ref, changeId)).toMatchObject({ ok: true });
});

test('a request that is cut off by the deadline is destroyed', async () => {
  let closed = 0;
  const server = createSilentServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('close', () => (closed += 1));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const began = performance.now();
  expect(
    await faulty(
      clientTo(`http://127.0.0.1:${port}`, { deadlineMs: 300 }).activeCaCertificate(ref, changeId),
    ),
  ).toMatchObject({ class: 'unknown', code: 'timeout' });
  await vi.waitFor(() => expect(closed).toBe(1), { timeout: 20_000 });
  expect(performance.now() - began).toBeGreaterThan(250);
  await new Promise((resolve) => server.close(resolve));
});

test('over many calls on reused sockets the deadline still holds', async () => {
  const own = clientTo(simulator.url, { deadlineMs: 1200 });
  for (let i = 0; i < 5; i += 1) await own.getCaCertificate(ref);
  // By now time-outs of the earlier calls fire on the socket that this one uses.
  await new Promise((resolve) => setTimeout(resolve, 900));
  await script({ kind: 'hang' });
  const began = performance.now();
  expect(await faulty(own.activeCaCertificate(ref, changeId))).toMatchObject({
    class: 'unknown',
    code: 'timeout',
  });
  const took = performance.now() - began;
  expect(took).toBeGreaterThan(1100);
  expect(took).toBeLessThan(10_000);
});

describe('answers of something that is not the vendor', () => {
  const answers: [string, number, string, Partial<Fault>][] = [
    [
      'an object without a code',
      502,
      '{"message":"bad gateway"}',
      { class: 'unknown', code: 'unreadable_answer' },
    ],
    ['an object without a code', 403, '{"error":"no"}', { class: 'permanent' }],
    ['null', 500, 'null', { class: 'unknown', code: 'unreadable_answer' }],
    ['a list', 200, '[]', { class: 'unknown', code: 'unreadable_answer' }],
    ['a text', 200, '"OK"', { class: 'unknown', code: 'unreadable_answer' }],
    ['nothing', 200, '', { class: 'unknown', code: 'unreadable_answer' }],
    ['an empty object', 200, '{}', { class: 'unknown', code: 'other_sn' }],
    ['no RequestId', 200, JSON.stringify({ Sn: ref.sn }), { class: 'unknown', code: 'unreadable_answer' }],
    ['a redirection', 302, '{}', { class: 'unknown', code: 'unreadable_answer' }],
    ['members of other types', 500, '{"Code":{"a":1},"Message":7,"RequestId":[]}', { class: 'unknown' }],
    ['a code of any length', 500, JSON.stringify({ Code: 'x'.repeat(99_999) }), { httpStatus: 500 }],
  ];
  test.each(answers)('%s at %i', async (_, status, body, expected) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const fault = await faulty(clientTo(`http://127.0.0.1:${port}`).activeCaCertificate(ref, changeId));
      expect(fault).toMatchObject({ httpStatus: status, ...expected });
      expect(fault.code.length).toBeLessThanOrEqual(128);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
