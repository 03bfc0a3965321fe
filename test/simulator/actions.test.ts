import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ACTIONS } from '../../simulator/actions.ts';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls, control } from './control-client.ts';
import { FAMILY, SEED, keptState } from './family.ts';
import { INSTANCE, SN, assumeRole, call, codeOf, failure, sendRaw, sign } from './vendor-client.ts';

vi.setConfig({ testTimeout: 60_000 });

let simulator: RunningSimulator;
let before: unknown;

beforeAll(async () => {
  simulator = await startSimulator();
});

beforeEach(async () => {
  await control(simulator, 'PUT', '/certificates?replace=all', SEED);
  await control(simulator, 'PUT', '/settings', {
    movedStatuses: false,
    foreignInstances: ['post-cn-foreign'],
    emptyInstances: [],
    denied: [],
  });
  await control(simulator, 'DELETE', '/calls');
  before = await keptState(simulator);
});

afterAll(() => simulator.close());

/** An error that the service answers, at its status before and after the vendor's notice, and nothing changes. */
async function expectRefusal(
  action: string,
  query: Record<string, string>,
  expected: { code: string; status: number; moved: number },
): Promise<void> {
  for (const movedStatuses of [false, true]) {
    await control(simulator, 'PUT', '/settings', { movedStatuses });
    const thrown = await failure(simulator, action, query);
    const statusCode = movedStatuses ? expected.moved : expected.status;
    const name = statusCode >= 500 ? 'ServerError' : 'ClientError';
    expect(thrown).toMatchObject({ name, code: expected.code, statusCode });
    expect(thrown.requestId).toMatch(/^[0-9A-F-]{36}$/);
  }
  expect(await keptState(simulator)).toEqual(before);
}

const wrongParameter = { code: 'ParameterFieldCheckFailed', status: 400, moved: 400 };
const noCa = { code: 'FindCaBySnError', status: 500, moved: 400 };
const noDevice = { code: 'FindDeviceBySnError', status: 500, moved: 500 };
const noInstance = { code: 'MqttInstanceNotFound', status: 500, moved: 400 };
const foreign = { code: 'MqttOwnerCheckError', status: 403, moved: 403 };
const noRight = { code: 'PermissionCheckFailed', status: 403, moved: 403 };
const noRightFields = { code: noRight.code, statusCode: noRight.status };

test('every action of the simulator is in the table below', () => {
  expect(FAMILY.map(({ action }) => action)).toEqual([...ACTIONS.keys()]);
});

test('docs/simulator.md lists the same actions, with method, parameters, answer and right', async () => {
  const text = await readFile(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| (`\w+Certificate\w*`.*) \|$/gm)].map(([, row]) =>
    (row ?? '').split('|').map((cell) => cell.replaceAll('`', '').trim()),
  );
  const expected = FAMILY.map(({ action, method, query, answer, ramAction }) => [
    action,
    method,
    Object.keys(query).join(', '),
    Object.keys(answer).join(', '),
    ramAction,
  ]);
  expect(rows).toEqual(expected);
});

describe.each(FAMILY)('$action', ({ action, method, ramAction, query, answer }) => {
  test('succeeds, with its documented members and a RequestId of its own', async () => {
    const { statusCode, body } = await call(simulator, action, query, { method });
    const { RequestId: requestId, ...members } = body;
    expect([statusCode, members]).toEqual([200, answer]);
    expect(requestId).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
    const recorded = (await calls(simulator, `?action=${action}`)).calls;
    const applied = method === 'POST';
    expect(recorded).toMatchObject([{ action, method, parameters: query, status: 200, requestId, applied }]);
  });

  test.each(Object.keys(query))(
    'without %s, with an empty one, and with one that is too long',
    async (name) => {
      const { [name]: _, ...rest } = query;
      await expectRefusal(action, rest, wrongParameter);
      await expectRefusal(action, { ...query, [name]: '' }, wrongParameter);
      expect((await failure(simulator, action, rest)).message).toContain(`Parameter: ${name}.`);
      if (name === 'MqttInstanceId') return;
      await expectRefusal(action, { ...query, [name]: `${'é'.repeat(64)}1` }, wrongParameter);
    },
  );

  test('an unknown instance, and an instance of another account', async () => {
    await expectRefusal(action, { ...query, MqttInstanceId: 'post-cn-none' }, noInstance);
    await expectRefusal(action, { ...query, MqttInstanceId: 'post-cn-foreign' }, foreign);
  });

  if ('Sn' in query || 'CaSn' in query) {
    const name = 'Sn' in query ? 'Sn' : 'CaSn';
    test('an unknown CA certificate, one of another instance, and a serial number of 128 bytes', async () => {
      const expected = name === 'Sn' ? noCa : noDevice;
      await expectRefusal(action, { ...query, [name]: 'unknown' }, expected);
      await expectRefusal(action, { ...query, [name]: 'é'.repeat(64) }, expected);
      await control(simulator, 'PUT', '/settings', { emptyInstances: ['post-cn-empty'] });
      await expectRefusal(action, { ...query, MqttInstanceId: 'post-cn-empty' }, expected);
    });
  }

  if ('DeviceSn' in query) {
    test('an unknown device certificate, and one of another CA certificate', async () => {
      await expectRefusal(action, { ...query, DeviceSn: 'unknown' }, noDevice);
      await control(simulator, 'PUT', '/certificates', { mqttInstanceId: INSTANCE, sn: 'second' });
      before = await keptState(simulator);
      await expectRefusal(action, { ...query, CaSn: 'second' }, noDevice);
    });
  }

  if ('PageNo' in query) {
    test.each([
      { PageNo: '0' },
      { PageNo: '-1' },
      { PageNo: '1.5' },
      { PageSize: '0' },
      { PageSize: '101' },
      { PageSize: 'ten' },
    ])('a page out of range: %o', (wrong) => expectRefusal(action, { ...query, ...wrong }, wrongParameter));
  }

  test('the other HTTP method', async () => {
    const other = method === 'GET' ? 'POST' : 'GET';
    const thrown = await failure(simulator, action, query, { method: other });
    expect(thrown).toMatchObject({ code: 'UnsupportedHTTPMethod', statusCode: 405 });
    expect(await keptState(simulator)).toEqual(before);
  });

  test('a denied action', async () => {
    await control(simulator, 'PUT', '/settings', { denied: [{ action }] });
    await expectRefusal(action, query, noRight);
  });

  test(`a session needs ${ramAction} and the access to the instance, no more and no less`, async () => {
    const access = 'mq:MqttInstanceAccess';
    const others = FAMILY.filter((one) => one.action !== action).map((one) => one.ramAction);
    for (const actions of [
      [access, ...others],
      [ramAction, ...others],
    ]) {
      const credentials = await assumeRole(simulator, actions);
      expect(await failure(simulator, action, query, { credentials })).toMatchObject(noRightFields);
    }
    expect(await keptState(simulator)).toEqual(before);
    const credentials = await assumeRole(simulator, [access, ramAction]);
    expect((await call(simulator, action, query, { credentials })).statusCode).toBe(200);
  });
});

test.each(FAMILY.filter(({ action, ramAction }) => ramAction !== `mq:${action}`))(
  'a session with the right to mq:$action may not call it: the right is $ramAction',
  async ({ action, query }) => {
    const credentials = await assumeRole(simulator, ['mq:MqttInstanceAccess', `mq:${action}`]);
    expect(await failure(simulator, action, query, { credentials })).toMatchObject(noRightFields);
  },
);

test('an unknown action, a wrong version and a wrong path are refused', async () => {
  const query = { MqttInstanceId: INSTANCE, Sn: SN };
  expect((await failure(simulator, 'ActivateEverything', query)).code).toBe('InvalidAction.NotFound');
  expect((await failure(simulator, 'ActiveCaCertificate', query, { version: '2019-12-11' })).code).toBe(
    'InvalidVersion',
  );
  const signed = sign(simulator.port, 'ActiveCaCertificate', { query, pathname: '/elsewhere' });
  expect(codeOf(await sendRaw(simulator.port, signed))).toBe('InvalidAction.NotFound');
  expect(await keptState(simulator)).toEqual(before);
});

test.each([
  {
    action: 'ActiveCaCertificate',
    query: { MqttInstanceId: INSTANCE, Sn: 'unknown' },
    message: 'Failed to find the CA by the SN. Please check sn is valid.',
  },
  {
    action: 'ActiveDeviceCertificate',
    query: { MqttInstanceId: INSTANCE, CaSn: SN, DeviceSn: 'unknown' },
    message: 'Failed to find the device certificate by the SN. Please check sn is valid',
  },
])('an error body of $action has the vendor’s fields and text', async ({ action, query, message }) => {
  const answer = await sendRaw(simulator.port, sign(simulator.port, action, { query }));
  const body = JSON.parse(answer.body) as Record<string, string>;
  expect(Object.keys(body).sort()).toEqual(['Code', 'HostId', 'Message', 'Recommend', 'RequestId']);
  expect(body).toMatchObject({ HostId: `127.0.0.1:${simulator.port}`, Message: message });
  expect(answer.headers['x-acs-request-id']).toBe(body['RequestId']);
});

test('parameters in a form body are taken too', async () => {
  const form = { MqttInstanceId: INSTANCE, Sn: SN };
  const answer = await sendRaw(simulator.port, sign(simulator.port, 'ActiveCaCertificate', { form }));
  expect(answer.status).toBe(200);
  expect(await keptState(simulator)).toMatchObject({ certificates: [{ status: '1' }] });
});
