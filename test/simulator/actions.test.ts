import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { control, keptStatus } from './control-client.ts';
import { INSTANCE, SN, call, codeOf, failure, sendRaw, sign } from './vendor-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const target = { MqttInstanceId: INSTANCE, Sn: SN };
let simulator: RunningSimulator;

beforeEach(async () => {
  simulator = await startSimulator({
    seed: [
      {
        mqttInstanceId: INSTANCE,
        sn: SN,
        caName: 'factory ca',
        validBegin: 1_700_000_000_000,
        validEnd: '1900000000000',
        caContent: 'pem',
        registrationCode: 'code',
        verificationContent: 'verification',
        deviceCertificates: [{ deviceSn: 'device-1', status: '0' }],
      },
    ],
  });
});

afterEach(() => simulator.close());

test('ActiveCaCertificate activates an inactive certificate and answers RequestId and Sn', async () => {
  const { statusCode, body } = await call(simulator, 'ActiveCaCertificate', target);
  expect(statusCode).toBe(200);
  expect(body['Sn']).toBe(SN);
  expect(body['RequestId']).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  expect(Object.keys(body).sort()).toEqual(['RequestId', 'Sn']);
  expect(await keptStatus(simulator, SN)).toBe('1');
});

test('activating an active certificate succeeds again, with a RequestId of its own', async () => {
  const first = await call(simulator, 'ActiveCaCertificate', target);
  const second = await call(simulator, 'ActiveCaCertificate', target);
  expect(second.body['Sn']).toBe(SN);
  expect(second.body['RequestId']).not.toBe(first.body['RequestId']);
});

test('GetCaCertificate answers every field as a string', async () => {
  const { body } = await call(simulator, 'GetCaCertificate', target);
  expect(body['Data']).toEqual({
    CaName: 'factory ca',
    CaContent: 'pem',
    RegistrationCode: 'code',
    Sn: SN,
    Status: '0',
    ValidBegin: '1700000000000',
    ValidEnd: '1900000000000',
    VerificationContent: 'verification',
  });
});

test('InactivateCaCertificate makes it inactive again', async () => {
  await call(simulator, 'ActiveCaCertificate', target);
  await call(simulator, 'InactivateCaCertificate', target);
  expect(await keptStatus(simulator, SN)).toBe('0');
});

test('DeleteCaCertificate removes it, and the instance stays known', async () => {
  await call(simulator, 'DeleteCaCertificate', target);
  expect((await failure(simulator, 'GetCaCertificate', target)).code).toBe('FindCaBySnError');
});

test('device certificates are switched on and off under their CA', async () => {
  const device = { MqttInstanceId: INSTANCE, CaSn: SN, DeviceSn: 'device-1' };
  const { body } = await call(simulator, 'ActiveDeviceCertificate', device);
  expect(body['DeviceSn']).toBe('device-1');
  const read = async (): Promise<unknown> => (await control(simulator, 'GET', '/certificates')).body;
  expect(await read()).toMatchObject({ certificates: [{ deviceCertificates: [{ status: '1' }] }] });
  await call(simulator, 'InactivateDeviceCertificate', device);
  expect(await read()).toMatchObject({ certificates: [{ deviceCertificates: [{ status: '0' }] }] });
});

test('ListCaCertificate pages until a page is short', async () => {
  const more = Array.from({ length: 6 }, (_, index) => ({ mqttInstanceId: INSTANCE, sn: `more-${index}` }));
  await control(simulator, 'PUT', '/certificates', more);
  const page = async (pageNo: number): Promise<unknown> =>
    (
      await call(simulator, 'ListCaCertificate', {
        MqttInstanceId: INSTANCE,
        PageNo: String(pageNo),
        PageSize: '3',
      })
    ).body['Data'];
  const first = await page(1);
  expect(first).toMatchObject({ Total: 7, PageNo: 1, PageSize: 3, CaCertificateVOS: [{ Sn: SN }, {}, {}] });
  const last = (await page(3)) as { CaCertificateVOS: unknown[] };
  expect(last.CaCertificateVOS).toEqual([expect.objectContaining({ Sn: 'more-5', Status: '0' })]);
});

const errors: {
  name: string;
  action?: string;
  query: Record<string, string>;
  status: number;
  moved: number;
  code: string;
}[] = [
  {
    name: 'a missing Sn',
    query: { MqttInstanceId: INSTANCE },
    status: 400,
    moved: 400,
    code: 'ParameterFieldCheckFailed',
  },
  {
    name: 'an empty Sn',
    query: { ...target, Sn: '' },
    status: 400,
    moved: 400,
    code: 'ParameterFieldCheckFailed',
  },
  {
    name: 'an Sn of 129 bytes',
    query: { ...target, Sn: 'é'.repeat(64) + 'x' },
    status: 400,
    moved: 400,
    code: 'ParameterFieldCheckFailed',
  },
  {
    name: 'an Sn of 128 bytes',
    query: { ...target, Sn: 'é'.repeat(64) },
    status: 500,
    moved: 400,
    code: 'FindCaBySnError',
  },
  {
    name: 'a missing instance',
    query: { Sn: SN },
    status: 400,
    moved: 400,
    code: 'ParameterFieldCheckFailed',
  },
  {
    name: 'an unknown Sn',
    query: { ...target, Sn: 'unknown' },
    status: 500,
    moved: 400,
    code: 'FindCaBySnError',
  },
  {
    name: 'an unknown instance',
    query: { ...target, MqttInstanceId: 'post-cn-none' },
    status: 500,
    moved: 400,
    code: 'MqttInstanceNotFound',
  },
  {
    name: 'an instance of another account',
    query: { ...target, MqttInstanceId: 'post-cn-foreign' },
    status: 403,
    moved: 403,
    code: 'MqttOwnerCheckError',
  },
  {
    name: 'a denied action',
    action: 'DeleteCaCertificate',
    query: target,
    status: 403,
    moved: 403,
    code: 'PermissionCheckFailed',
  },
  {
    name: 'a page size of 101',
    action: 'ListCaCertificate',
    query: { MqttInstanceId: INSTANCE, PageNo: '1', PageSize: '101' },
    status: 400,
    moved: 400,
    code: 'ParameterFieldCheckFailed',
  },
  {
    name: 'page 0',
    action: 'ListCaCertificate',
    query: { MqttInstanceId: INSTANCE, PageNo: '0', PageSize: '1' },
    status: 400,
    moved: 400,
    code: 'ParameterFieldCheckFailed',
  },
  {
    name: 'an unknown action',
    action: 'ActivateEverything',
    query: target,
    status: 404,
    moved: 404,
    code: 'InvalidAction.NotFound',
  },
];

for (const movedStatuses of [false, true]) {
  test.each(errors)(`$name is answered $code; the notice in force: ${movedStatuses}`, async (expected) => {
    const settings = {
      movedStatuses,
      foreignInstances: ['post-cn-foreign'],
      denied: [{ action: 'DeleteCaCertificate' }],
    };
    expect((await control(simulator, 'PUT', '/settings', settings)).status).toBe(200);
    const thrown = await failure(simulator, expected.action ?? 'ActiveCaCertificate', expected.query);
    const status = movedStatuses ? expected.moved : expected.status;
    expect(thrown).toMatchObject({
      name: status >= 500 ? 'ServerError' : 'ClientError',
      code: expected.code,
      statusCode: status,
    });
    expect(thrown.requestId).toMatch(/^[0-9A-F-]{36}$/);
    expect(await keptStatus(simulator, SN)).toBe('0');
  });
}

test('an error body has the vendor’s fields', async () => {
  const signed = sign(simulator.port, 'ActiveCaCertificate', { query: { ...target, Sn: 'unknown' } });
  const answer = await sendRaw(simulator.port, signed);
  const body = JSON.parse(answer.body) as Record<string, string>;
  expect(Object.keys(body).sort()).toEqual(['Code', 'HostId', 'Message', 'Recommend', 'RequestId']);
  expect(body['HostId']).toBe(`127.0.0.1:${simulator.port}`);
  expect(body['Message']).toBe('Failed to find the CA by the SN. Please check sn is valid.');
  expect(answer.headers['x-acs-request-id']).toBe(body['RequestId']);
});

test('a wrong version, a wrong method and a wrong path are refused', async () => {
  expect((await failure(simulator, 'ActiveCaCertificate', target, { version: '2019-12-11' })).code).toBe(
    'InvalidVersion',
  );
  expect((await failure(simulator, 'ActiveCaCertificate', target, { method: 'GET' })).code).toBe(
    'UnsupportedHTTPMethod',
  );
  const signed = sign(simulator.port, 'ActiveCaCertificate', { query: target, pathname: '/elsewhere' });
  expect(codeOf(await sendRaw(simulator.port, signed))).toBe('InvalidAction.NotFound');
  expect(await keptStatus(simulator, SN)).toBe('0');
});

test('parameters in a form body are taken too', async () => {
  const answer = await sendRaw(simulator.port, sign(simulator.port, 'ActiveCaCertificate', { form: target }));
  expect(answer.status).toBe(200);
  expect(await keptStatus(simulator, SN)).toBe('1');
});
