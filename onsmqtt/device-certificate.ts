import type { Fault } from '../domain/fault.ts';
import type { DeviceCertificateInput } from '../operations/certificate-input.ts';
import type { DriverContext, ReadAnswer, Send } from '../operations/implement.ts';
import { prepareCall, readData } from './answer.ts';
import { readCaCertificate } from './ca-certificate.ts';
import type { OnsMqtt } from './port.ts';
import { deviceCertificateSnapshot } from './snapshot.ts';

/**
 * Reads a device certificate (GetDeviceCertificate), and the CA certificate that issued it (GetCaCertificate). The RequestId
 * is that of the first.
 */
export async function readDeviceCertificate(
  onsMqtt: OnsMqtt,
  { regionId, mqttInstanceId, caSn, deviceSn }: DeviceCertificateInput,
  context: DriverContext,
): Promise<ReadAnswer | Fault> {
  const query = { CaSn: caSn, DeviceSn: deviceSn };
  const request = { action: 'GetDeviceCertificate', regionId, mqttInstanceId, query };
  const device = await readData(onsMqtt, request, query, context);
  if (!device.ok) return device;
  const { requestId, data } = device;
  if (data === null) return { ok: true, requestId, snapshot: null };
  const ca = await readCaCertificate(onsMqtt, { regionId, mqttInstanceId, sn: caSn }, context);
  if (!ca.ok) return ca;
  const caStatus = ca.snapshot?.status ?? null;
  return { ok: true, requestId, snapshot: deviceCertificateSnapshot(data, { caSn, deviceSn, caStatus }) };
}

/** Prepares a call on a device certificate, which answers its `DeviceSn`. @param ramAction - the action's name in RAM policies */
export function prepareDeviceCall(
  onsMqtt: OnsMqtt,
  action: string,
  ramAction: string,
  { regionId, mqttInstanceId, caSn, deviceSn }: DeviceCertificateInput,
  context: DriverContext,
): Promise<Send | Fault> {
  const query = { CaSn: caSn, DeviceSn: deviceSn };
  const request = { action, ramAction, regionId, mqttInstanceId, query };
  return prepareCall(onsMqtt, request, { DeviceSn: deviceSn }, context);
}
