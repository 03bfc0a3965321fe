import { deviceCertificateInput } from './certificate-input.ts';
import { defineOperation } from './define-operation.ts';
import {
  deviceCertificateIdentity,
  deviceCertificateRefusal,
  deviceCertificateScope,
  deviceCertificateTarget,
  deviceCertificateTrail,
  presentDeviceCertificate,
} from './device-certificate.ts';
import type { DeviceCertificateSnapshot } from './device-certificate.ts';

/** ApsaraMQ for MQTT's ActiveDeviceCertificate: the device can connect again, while its CA certificate is active. */
export const activeDeviceCertificate = defineOperation({
  name: 'ActiveDeviceCertificate',
  version: '1',
  title: 'Reactivate an inactive device certificate (ApsaraMQ for MQTT)',
  service: 'onsmqtt',
  input: deviceCertificateInput,
  scope: deviceCertificateScope,
  target: deviceCertificateTarget,
  refusal: (snapshot: DeviceCertificateSnapshot | null, now) =>
    deviceCertificateRefusal(snapshot, 'active', now),
  achieved: (snapshot) => snapshot?.status === 'active',
  identity: deviceCertificateIdentity,
  present: presentDeviceCertificate,
  trail: deviceCertificateTrail('ActiveDeviceCertificate'),
});
