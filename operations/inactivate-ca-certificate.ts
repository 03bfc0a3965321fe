import {
  caCertificateRefusal,
  caCertificateScope,
  caCertificateTarget,
  caCertificateTrail,
  presentCaCertificate,
} from './ca-certificate.ts';
import type { CaCertificateSnapshot } from './ca-certificate.ts';
import { caCertificateInput } from './certificate-input.ts';
import { defineOperation } from './define-operation.ts';

/** ApsaraMQ for MQTT's InactivateCaCertificate: no device under the CA certificate can connect any more. */
export const inactivateCaCertificate = defineOperation({
  name: 'InactivateCaCertificate',
  version: '1',
  title: 'Inactivate an active CA certificate (ApsaraMQ for MQTT)',
  service: 'onsmqtt',
  input: caCertificateInput,
  scope: caCertificateScope,
  target: caCertificateTarget,
  refusal: (snapshot: CaCertificateSnapshot | null, now) => caCertificateRefusal(snapshot, 'inactive', now),
  achieved: (snapshot) => snapshot?.status === 'inactive',
  identity: ({ status: _status, ...rest }) => rest,
  present: presentCaCertificate,
  trail: caCertificateTrail('InactivateCaCertificate'),
});
