import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { NonceMemory } from '../../simulator/nonce-memory.ts';
import { DEFAULT_ACCESS_KEYS, startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls, control, keptStatus } from './control-client.ts';
import { ACCESS_KEY, INSTANCE, SECRET, SN, call, codeOf, failure, sendRaw, sign } from './vendor-client.ts';
import type { RawAnswer, SignOptions, SignedRequest } from './vendor-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const query = { MqttInstanceId: INSTANCE, Sn: SN };
let simulator: RunningSimulator;

beforeAll(async () => {
  simulator = await startSimulator();
});

beforeEach(async () => {
  await control(simulator, 'PUT', '/certificates?replace=all', { mqttInstanceId: INSTANCE, sn: SN });
  await control(simulator, 'DELETE', '/calls');
});

afterAll(() => simulator.close());

async function altered(options: SignOptions, alter: (signed: SignedRequest) => void): Promise<RawAnswer> {
  const signed = sign(simulator.port, 'ActiveCaCertificate', { query, ...options });
  alter(signed);
  return sendRaw(simulator.port, signed);
}

async function expectRefusal(answer: RawAnswer, status: number, code: string): Promise<void> {
  expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  expect(await keptStatus(simulator, SN)).toBe('0');
  const recorded = await calls(simulator);
  expect(recorded.calls.at(-1)).toMatchObject({ status, code, applied: false });
}

test('a request signed by the vendor’s code is accepted as it is', async () => {
  const answer = await altered({}, () => undefined);
  expect(answer.status).toBe(200);
});

test.each([
  {
    name: 'the signature',
    alter: (s: SignedRequest) => (s.headers['authorization'] = flipLast(s.headers['authorization'])),
  },
  { name: 'a parameter', alter: (s: SignedRequest) => (s.path = s.path.replace(SN, `${SN}9`)) },
  { name: 'an added parameter', alter: (s: SignedRequest) => (s.path += '&Extra=1') },
  { name: 'the action', alter: (s: SignedRequest) => (s.headers['x-acs-action'] = 'DeleteCaCertificate') },
  { name: 'the host', alter: (s: SignedRequest) => (s.headers['host'] = 'elsewhere.example') },
  { name: 'the nonce', alter: (s: SignedRequest) => (s.headers['x-acs-signature-nonce'] = randomUUID()) },
  { name: 'the method', alter: (s: SignedRequest) => (s.method = 'GET') },
  { name: 'the body', alter: (s: SignedRequest) => (s.body = 'Sn=other') },
  {
    name: 'the content hash',
    alter: (s: SignedRequest) => (s.headers['x-acs-content-sha256'] = 'a'.repeat(64)),
  },
])('altering $name breaks the signature', async ({ alter }) => {
  await expectRefusal(await altered({}, (signed) => void alter(signed)), 400, 'SignatureDoesNotMatch');
});

function flipLast(text = ''): string {
  return text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');
}

test('a wrong secret and an unknown access key are told apart', async () => {
  const wrong = { accessKeyId: ACCESS_KEY, accessKeySecret: 'wrong' };
  await expectRefusal(await altered({ credentials: wrong }, () => undefined), 400, 'SignatureDoesNotMatch');
  const unknown = { accessKeyId: 'nobody', accessKeySecret: SECRET };
  await expectRefusal(
    await altered({ credentials: unknown }, () => undefined),
    404,
    'InvalidAccessKeyId.NotFound',
  );
  expect((await calls(simulator)).calls.map(({ accessKeyId }) => accessKeyId)).toEqual([null, null]);
});

test('a simulator that was given no keys takes the documented ones', async () => {
  const [[accessKeyId, accessKeySecret] = ['', '']] = Object.entries(DEFAULT_ACCESS_KEYS);
  expect((await altered({ credentials: { accessKeyId, accessKeySecret } }, () => undefined)).status).toBe(
    200,
  );
});

test('the keys that it is given are taken instead', async () => {
  const other = await startSimulator({ accessKeys: { mine: 'my secret' } });
  try {
    const own = { accessKeyId: 'mine', accessKeySecret: 'my secret' };
    expect((await failure(other, 'GetCaCertificate', query, { credentials: own })).code).toBe(
      'MqttInstanceNotFound',
    );
    expect((await failure(other, 'GetCaCertificate', query)).code).toBe('InvalidAccessKeyId.NotFound');
  } finally {
    await other.close();
  }
});

test('the SDK reports a signature error with its code', async () => {
  const credentials = { accessKeyId: ACCESS_KEY, accessKeySecret: 'wrong' };
  const thrown = await failure(simulator, 'ActiveCaCertificate', query, { credentials });
  expect(thrown).toMatchObject({ name: 'ClientError', code: 'SignatureDoesNotMatch', statusCode: 400 });
});

test('a nonce is taken once, whatever it signs', async () => {
  const nonce = randomUUID();
  const headers = { 'x-acs-signature-nonce': nonce };
  expect((await altered({ headers }, () => undefined)).status).toBe(200);
  await call(simulator, 'InactivateCaCertificate', query);
  await expectRefusal(await altered({ headers }, () => undefined), 400, 'SignatureNonceUsed');
});

test('a refused request leaves its nonce unused', async () => {
  const headers = { 'x-acs-signature-nonce': randomUUID() };
  const wrong = { accessKeyId: ACCESS_KEY, accessKeySecret: 'wrong' };
  expect((await altered({ headers, credentials: wrong }, () => undefined)).status).toBe(400);
  expect((await altered({ headers }, () => undefined)).status).toBe(200);
});

test('a date more than fifteen minutes away is expired, a nearer one is not', async () => {
  const at = (minutes: number): SignOptions => ({ date: new Date(Date.now() + minutes * 60_000) });
  await expectRefusal(await altered(at(-16), () => undefined), 400, 'InvalidTimeStamp.Expired');
  await expectRefusal(await altered(at(16), () => undefined), 400, 'InvalidTimeStamp.Expired');
  expect((await altered(at(-14), () => undefined)).status).toBe(200);
  expect((await altered(at(14), () => undefined)).status).toBe(200);
});

test('a date in another form is refused', async () => {
  const headers = { 'x-acs-date': new Date().toUTCString() };
  await expectRefusal(await altered({ headers }, () => undefined), 400, 'InvalidTimeStamp.Format');
});

test.each(['authorization', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-content-sha256', 'x-acs-version'])(
  'without %s a parameter is missing',
  async (name) => {
    const answer = await altered({}, (signed) => {
      signed.headers = Object.fromEntries(Object.entries(signed.headers).filter(([key]) => key !== name));
    });
    await expectRefusal(answer, 400, 'MissingParameter');
  },
);

test('every x-acs header must be signed, and the header must have its form', async () => {
  const added = await altered({}, ({ headers }) => void (headers['x-acs-extra'] = 'unsigned'));
  await expectRefusal(added, 400, 'IncompleteSignature');
  const garbled = await altered(
    {},
    ({ headers }) => void (headers['authorization'] = 'ACS3-HMAC-SHA256 nonsense'),
  );
  await expectRefusal(garbled, 400, 'IncompleteSignature');
});

test('a security token with a lasting key does not fit', async () => {
  const credentials = { accessKeyId: ACCESS_KEY, accessKeySecret: SECRET, securityToken: 'token' };
  await expectRefusal(
    await altered({ credentials }, () => undefined),
    400,
    'InvalidSecurityToken.MismatchWithAccessKey',
  );
});

// The older signature, as the vendor's "V2 signature" page describes it; written out here on purpose.
function signRpc(parameters: Record<string, string>): string {
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const sorted = Object.keys(parameters).sort();
  const canonical = sorted.map((name) => `${encode(name)}=${encode(parameters[name] ?? '')}`).join('&');
  const toSign = `POST&%2F&${encode(canonical)}`;
  return createHmac('sha1', `${SECRET}&`).update(toSign).digest('base64');
}

test('the older RPC signature in the parameters is accepted, and not when altered', async () => {
  const parameters: Record<string, string> = {
    ...query,
    Action: 'ActiveCaCertificate',
    Version: '2020-04-20',
    Format: 'JSON',
    AccessKeyId: ACCESS_KEY,
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: randomUUID(),
    Timestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  const send = (signature: string): Promise<RawAnswer> => {
    const search = new URLSearchParams({ ...parameters, Signature: signature }).toString();
    return sendRaw(simulator.port, { method: 'POST', path: `/?${search}`, headers: {}, body: '' });
  };
  await expectRefusal(await send('AAAA'), 400, 'SignatureDoesNotMatch');
  expect((await send(signRpc(parameters))).status).toBe(200);
  expect((await calls(simulator)).calls.at(-1)?.parameters).toEqual(query);
});

test('the memory of nonces is bounded in time and in number', () => {
  const memory = new NonceMemory({ keepMs: 1000, limit: 3 });
  expect(memory.take('key', 'a', 0)).toBe(true);
  expect(memory.take('other', 'a', 0)).toBe(true);
  expect(memory.take('key', 'a', 999)).toBe(false);
  expect(memory.take('key', 'b', 1500)).toBe(true);
  expect(memory.size).toBe(1);
  for (const nonce of ['c', 'd', 'e', 'f']) memory.take('key', nonce, 1500);
  expect(memory.size).toBe(3);
});
