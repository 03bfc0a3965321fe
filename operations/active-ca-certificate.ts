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

/** ApsaraMQ for MQTT's ActiveCaCertificate: reactivates an inactive CA certificate, so that its devices connect again. */
export const activeCaCertificate = defineOperation({
  name: 'ActiveCaCertificate',
  version: '1',
  title: 'Reactivate an inactive CA certificate (ApsaraMQ for MQTT)',
  service: 'onsmqtt',
  input: caCertificateInput,
  scope: caCertificateScope,
  target: caCertificateTarget,
  refusal: (snapshot: CaCertificateSnapshot | null, now) => caCertificateRefusal(snapshot, 'active', now),
  achieved: (snapshot) => snapshot?.status === 'active',
  identity: ({ status: _status, ...rest }) => rest,
  present: presentCaCertificate,
  trail: caCertificateTrail('ActiveCaCertificate'),
});
