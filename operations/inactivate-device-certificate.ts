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

/** ApsaraMQ for MQTT's InactivateDeviceCertificate: the device cannot connect any more. */
export const inactivateDeviceCertificate = defineOperation({
  name: 'InactivateDeviceCertificate',
  version: '1',
  title: 'Inactivate an active device certificate (ApsaraMQ for MQTT)',
  service: 'onsmqtt',
  input: deviceCertificateInput,
  scope: deviceCertificateScope,
  target: deviceCertificateTarget,
  refusal: (snapshot: DeviceCertificateSnapshot | null, now) =>
    deviceCertificateRefusal(snapshot, 'inactive', now),
  achieved: (snapshot) => snapshot?.status === 'inactive',
  identity: deviceCertificateIdentity,
  present: presentDeviceCertificate,
  trail: deviceCertificateTrail('InactivateDeviceCertificate'),
});
