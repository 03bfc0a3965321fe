import type { Operation } from './operation.ts';

/** What ActiveCaCertificate needs; its limits are in {@link ./active-ca-certificate-input.ts}. */
export type ActiveCaCertificateInput = {
  readonly regionId: string;
  readonly mqttInstanceId: string;
  readonly sn: string;
};

/** What was read of a certificate (GetCaCertificate) and is shown to the approver. No key material: the content only by fingerprint. */
export interface CaCertificateSnapshot {
  readonly [member: string]: string | null;
  readonly sn: string;
  readonly caName: string;
  /** `inactive`, `active`, or the vendor's own word when it is neither "0" nor "1". */
  readonly status: string;
  /** ISO 8601, or null where the vendor gave none. */
  readonly validFrom: string | null;
  readonly validTo: string | null;
  /** SHA-256 of the certificate's text (UTF-8), lower-case hex, or null when the vendor gave none. */
  readonly fingerprint: string | null;
}

/** ApsaraMQ for MQTT's ActiveCaCertificate: reactivates an inactive CA certificate, so that its devices connect again. */
export const activeCaCertificate: Operation<ActiveCaCertificateInput> = {
  name: 'ActiveCaCertificate',
  title: 'Reactivate an inactive CA certificate (ApsaraMQ for MQTT)',
  target: ({ regionId, mqttInstanceId, sn }) => ({
    id: [regionId, mqttInstanceId, sn].map((part) => encodeURIComponent(part)).join('/'),
    scope: { regionId, mqttInstanceId, sn },
    label: `CA certificate ${sn} of ${mqttInstanceId} (${regionId})`,
  }),
  refusal(snapshot, now) {
    if (snapshot === null)
      return {
        code: 'target_not_found',
        message: 'the instance has no CA certificate with this serial number',
      };
    const { status, validTo } = snapshot as CaCertificateSnapshot;
    if (status === 'active')
      return { code: 'already_active', message: 'the CA certificate is active already' };
    if (status !== 'inactive')
      return { code: 'unknown_status', message: `the CA certificate has the status ${status}` };
    if (validTo !== null && Date.parse(validTo) <= now) {
      return { code: 'certificate_expired', message: `the CA certificate expired at ${validTo}` };
    }
    return null;
  },
  achieved: (snapshot) => snapshot.status === 'active',
  identity: (snapshot) =>
    Object.fromEntries(Object.entries(snapshot).filter(([member]) => member !== 'status')),
};
