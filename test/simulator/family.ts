import type { RunningSimulator } from '../../simulator/server.ts';
import { control } from './control-client.ts';
import { INSTANCE, SN } from './vendor-client.ts';

export const DEVICE_SN = '356217374433000001';

/** What the simulator is given before each test of the family. */
export const SEED = {
  mqttInstanceId: INSTANCE,
  sn: SN,
  caName: 'factory ca',
  status: '0',
  validBegin: 1_700_000_000_000,
  validEnd: '1900000000000',
  caContent: 'ca pem',
  registrationCode: 'code',
  verificationContent: 'verification pem',
  deviceCertificates: [
    {
      deviceSn: DEVICE_SN,
      deviceName: 'press 1',
      status: '0',
      validBegin: '1700000000001',
      validEnd: 1_900_000_000_001,
      deviceContent: 'device pem',
    },
  ],
};

/** The CA certificate as the vendor answers it. */
export const CA_FIELDS = {
  CaName: 'factory ca',
  CaContent: 'ca pem',
  RegistrationCode: 'code',
  Sn: SN,
  Status: '0',
  ValidBegin: '1700000000000',
  ValidEnd: '1900000000000',
  VerificationContent: 'verification pem',
};

/** The device certificate as the vendor answers it. */
export const DEVICE_FIELDS = {
  CaSn: SN,
  DeviceContent: 'device pem',
  DeviceName: 'press 1',
  DeviceSn: DEVICE_SN,
  Status: '0',
  ValidBegin: '1700000000001',
  ValidEnd: '1900000000001',
};

const ca = { MqttInstanceId: INSTANCE, Sn: SN };
const caPage = { MqttInstanceId: INSTANCE, PageNo: '1', PageSize: '10' };
const device = { MqttInstanceId: INSTANCE, CaSn: SN, DeviceSn: DEVICE_SN };
const devicePage = { MqttInstanceId: INSTANCE, CaSn: SN, PageNo: '1', PageSize: '10' };
const page = { Total: 1, PageNo: 1, PageSize: 10 };

/** An action as the vendor documents it, with a call that succeeds. */
export interface FamilyMember {
  action: string;
  method: 'GET' | 'POST';
  ramAction: string;
  query: Record<string, string>;
  /** The answer's members beside RequestId. */
  answer: Record<string, unknown>;
}

export const FAMILY: FamilyMember[] = [
  {
    action: 'ActiveCaCertificate',
    method: 'POST',
    ramAction: 'mq:ActiveCaCertificate',
    query: ca,
    answer: { Sn: SN },
  },
  {
    action: 'InactivateCaCertificate',
    method: 'POST',
    ramAction: 'mq:UnregisterCaCertificate',
    query: ca,
    answer: { Sn: SN },
  },
  {
    action: 'DeleteCaCertificate',
    method: 'POST',
    ramAction: 'mq:DeleteCaCertificate',
    query: ca,
    answer: { Sn: SN },
  },
  {
    action: 'GetCaCertificate',
    method: 'GET',
    ramAction: 'mq:GetCaCertificate',
    query: ca,
    answer: { Data: CA_FIELDS },
  },
  {
    action: 'ListCaCertificate',
    method: 'GET',
    ramAction: 'mq:ListCaCertificate',
    query: caPage,
    answer: { Data: { ...page, CaCertificateVOS: [CA_FIELDS] } },
  },
  {
    action: 'ActiveDeviceCertificate',
    method: 'POST',
    ramAction: 'mq:ActiveDeviceCertificate',
    query: device,
    answer: { DeviceSn: DEVICE_SN },
  },
  {
    action: 'InactivateDeviceCertificate',
    method: 'POST',
    ramAction: 'mq:UnregisterDeviceCertificate',
    query: device,
    answer: { DeviceSn: DEVICE_SN },
  },
  {
    action: 'DeleteDeviceCertificate',
    method: 'POST',
    ramAction: 'mq:DeleteDeviceCertificate',
    query: device,
    answer: { DeviceSn: DEVICE_SN },
  },
  {
    action: 'GetDeviceCertificate',
    method: 'GET',
    ramAction: 'mq:GetDeviceCertificate',
    query: device,
    answer: { Data: DEVICE_FIELDS },
  },
  {
    action: 'ListDeviceCertificateByCaSn',
    method: 'GET',
    ramAction: 'mq:ListDeviceCertificateByCaSn',
    query: devicePage,
    answer: { Data: { ...page, DeviceCertificateVOS: [DEVICE_FIELDS] } },
  },
];

/** Everything that the simulator keeps, to compare before and after. */
export async function keptState(simulator: RunningSimulator): Promise<unknown> {
  return (await control(simulator, 'GET', '/certificates')).body;
}
