import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { missingForPython, pipFolder } from '../support/python.ts';
import { calls, control } from './control-client.ts';
import { ACCESS_KEY, INSTANCE, SECRET, SN } from './vendor-client.ts';

const run = promisify(execFile);
const INSTALL_MS = 540_000;

const missing = await missingForPython();
if (missing !== null) console.warn(`The vendor's Python client is not tried: ${missing}.`);

const SCRIPT = `
import json, os, sys
from alibabacloud_onsmqtt20200420 import models
from alibabacloud_onsmqtt20200420.client import Client
from alibabacloud_tea_openapi.models import Config

given = json.load(sys.stdin)
client = Client(Config(access_key_id=given['accessKeyId'], access_key_secret=given['secret'],
                       endpoint=given['endpoint'], protocol='HTTP', signature_algorithm=given['algorithm']))
target = {'mqtt_instance_id': given['instance'], 'sn': given['sn']}
out = {}
pages = models.ListCaCertificateRequest(mqtt_instance_id=given['instance'], page_no='1', page_size='10')
out['list'] = client.list_ca_certificate(pages).body.to_map()
out['active'] = client.active_ca_certificate(models.ActiveCaCertificateRequest(**target)).body.to_map()
out['get'] = client.get_ca_certificate(models.GetCaCertificateRequest(**target)).body.to_map()
out['inactive'] = client.inactivate_ca_certificate(models.InactivateCaCertificateRequest(**target)).body.to_map()
issuer = {'mqtt_instance_id': given['instance'], 'ca_sn': given['sn']}
device = {**issuer, 'device_sn': given['deviceSn']}
out['device'] = {
    'active': client.active_device_certificate(models.ActiveDeviceCertificateRequest(**device)).body.to_map(),
    'get': client.get_device_certificate(models.GetDeviceCertificateRequest(**device)).body.to_map(),
    'inactive': client.inactivate_device_certificate(
        models.InactivateDeviceCertificateRequest(**device)).body.to_map(),
    'list': client.list_device_certificate_by_ca_sn(
        models.ListDeviceCertificateByCaSnRequest(page_no='1', page_size='10', **issuer)).body.to_map(),
    'delete': client.delete_device_certificate(models.DeleteDeviceCertificateRequest(**device)).body.to_map(),
}
out['delete'] = client.delete_ca_certificate(models.DeleteCaCertificateRequest(**target)).body.to_map()
try:
    client.get_ca_certificate(models.GetCaCertificateRequest(mqtt_instance_id=given['instance'], sn='unknown'))
except Exception as error:
    out['error'] = {'code': error.code, 'statusCode': error.data.get('statusCode')}
print(json.dumps(out))
`;

interface Output {
  list: { RequestId: string; Data: { Total: number; CaCertificateVOS: Record<string, string>[] } };
  active: { RequestId: string; Sn: string };
  inactive: { Sn: string };
  delete: { Sn: string };
  device: {
    active: { DeviceSn: string };
    inactive: { DeviceSn: string };
    delete: { DeviceSn: string };
    get: { Data: Record<string, string> };
    list: { Data: { Total: number; DeviceCertificateVOS: Record<string, string>[] } };
  };
  get: { RequestId: string; Data: Record<string, string> };
  error: { code: string; statusCode: number };
}

let simulator: RunningSimulator;
let folder = '';

beforeAll(async () => {
  simulator = await startSimulator();
  if (missing === null) folder = await pipFolder('onsmqtt-1.7.1', 'alibabacloud_onsmqtt20200420==1.7.1');
}, INSTALL_MS + 30_000);

afterAll(() => simulator.close());

test.skipIf(missing !== null).each([
  { signature: 'ACS3-HMAC-SHA256', algorithm: null },
  { signature: 'the older RPC signature', algorithm: 'v2' },
])(
  'the vendor’s Python client makes every call of the family with $signature',
  async ({ algorithm }) => {
    // A serial number that has to be encoded, so that both sides must encode it alike.
    const sn = `${SN} +/~é*'`;
    const deviceSn = `press +/~é*'`;
    await control(simulator, 'PUT', '/certificates?replace=all', [
      {
        mqttInstanceId: INSTANCE,
        sn,
        caName: 'factory',
        validBegin: 1_700_000_000_000,
        deviceCertificates: [{ deviceSn, deviceName: 'press', status: '0', deviceContent: 'pem' }],
      },
      { mqttInstanceId: INSTANCE, sn: 'second', status: '1' },
    ]);
    await control(simulator, 'DELETE', '/calls');
    const endpoint = `127.0.0.1:${simulator.port}`;
    const given = {
      accessKeyId: ACCESS_KEY,
      secret: SECRET,
      endpoint,
      algorithm,
      instance: INSTANCE,
      sn,
      deviceSn,
    };
    const python = run('python3', ['-c', SCRIPT], {
      env: { ...process.env, PYTHONPATH: folder },
      timeout: 120_000,
    });
    python.child.stdin?.end(JSON.stringify(given));
    const output = JSON.parse((await python).stdout) as Output;

    expect(output.list.Data.Total).toBe(2);
    expect(output.list.Data.CaCertificateVOS.map((one) => [one['Sn'], one['Status']])).toEqual([
      [sn, '0'],
      ['second', '1'],
    ]);
    expect(output.active.Sn).toBe(sn);
    expect(output.get.Data).toMatchObject({
      CaName: 'factory',
      Sn: sn,
      Status: '1',
      ValidBegin: '1700000000000',
    });
    expect([output.inactive.Sn, output.delete.Sn]).toEqual([sn, sn]);
    const { device } = output;
    const fields = {
      CaSn: sn,
      DeviceContent: 'pem',
      DeviceName: 'press',
      DeviceSn: deviceSn,
      Status: '1',
      ValidBegin: String(Date.UTC(2025, 0, 1)),
      ValidEnd: String(Date.UTC(2035, 0, 1)),
    };
    const changed = [device.active, device.inactive, device.delete].map((answer) => answer.DeviceSn);
    expect(changed).toEqual([deviceSn, deviceSn, deviceSn]);
    expect(device.get.Data).toEqual(fields);
    expect(device.list.Data.DeviceCertificateVOS).toEqual([{ ...fields, Status: '0' }]);
    expect(output.error.code).toBe('FindCaBySnError');
    const recorded = (await calls(simulator)).calls;
    expect(recorded.map(({ action, method, status }) => [action, method, status])).toEqual([
      ['ListCaCertificate', 'GET', 200],
      ['ActiveCaCertificate', 'POST', 200],
      ['GetCaCertificate', 'GET', 200],
      ['InactivateCaCertificate', 'POST', 200],
      ['ActiveDeviceCertificate', 'POST', 200],
      ['GetDeviceCertificate', 'GET', 200],
      ['InactivateDeviceCertificate', 'POST', 200],
      ['ListDeviceCertificateByCaSn', 'GET', 200],
      ['DeleteDeviceCertificate', 'POST', 200],
      ['DeleteCaCertificate', 'POST', 200],
      ['GetCaCertificate', 'GET', 500],
    ]);
    expect(recorded[1]?.requestId).toBe(output.active.RequestId);
    const kept = (await control(simulator, 'GET', '/certificates')).body;
    expect(kept).toMatchObject({ certificates: [{ sn: 'second', status: '1' }] });
  },
  150_000,
);
