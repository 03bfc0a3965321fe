import type { Target } from '../domain/target.ts';
import type { CaCertificateInput } from './certificate-input.ts';
import { statusRefusal } from './certificate-status.ts';
import { mqttTrail } from './mqtt-trail.ts';
import type { OperationTrail, PresentedLine, Refusal } from './operation.ts';

/** What was read of a CA certificate (GetCaCertificate) and is shown to the approver. No key material: the content only by fingerprint. */
export type CaCertificateSnapshot = {
  readonly sn: string;
  readonly caName: string;
  /** `inactive`, `active`, or the vendor's own word when it is neither "0" nor "1". */
  readonly status: string;
  /** ISO 8601, or null where the vendor gave none. */
  readonly validFrom: string | null;
  readonly validTo: string | null;
  /** SHA-256 of the certificate's text (UTF-8), lower-case hex, or null when the vendor gave none. */
  readonly fingerprint: string | null;
};

/** The members of a CA certificate's scope. */
export const caCertificateScope = ['regionId', 'mqttInstanceId', 'sn'] as const;

/** The CA certificate as a target: the same for every operation on it, so only one of them may be open. */
export function caCertificateTarget({ regionId, mqttInstanceId, sn }: CaCertificateInput): Target {
  return {
    id: [regionId, mqttInstanceId, sn].map((part) => encodeURIComponent(part)).join('/'),
    scope: { regionId, mqttInstanceId, sn },
    label: `CA certificate ${sn} of ${mqttInstanceId} (${regionId})`,
  };
}

/** Why a CA certificate cannot be given a status, or null. @param now - milliseconds since the epoch */
export function caCertificateRefusal(
  snapshot: CaCertificateSnapshot | null,
  wished: 'active' | 'inactive',
  now: number,
): Refusal | null {
  if (snapshot === null) {
    return {
      code: 'target_not_found',
      message: 'the instance has no CA certificate with this serial number',
    };
  }
  return statusRefusal('CA certificate', snapshot, wished, now);
}

/** The CA certificate as the approver is shown it. */
export function presentCaCertificate(snapshot: CaCertificateSnapshot): PresentedLine[] {
  const { sn, caName, status, validFrom, validTo, fingerprint } = snapshot;
  return [
    { label: 'CA certificate', value: sn },
    { label: 'name', value: caName },
    { label: 'status', value: status },
    { label: 'valid from', value: validFrom ?? 'not given' },
    { label: 'valid to', value: validTo ?? 'not given' },
    { label: 'SHA-256', value: fingerprint ?? 'not given' },
  ];
}

/** How ActionTrail tells of a call on a CA certificate. */
export function caCertificateTrail(eventName: string): OperationTrail {
  return mqttTrail(eventName, { mqttInstanceId: 'MqttInstanceId', sn: 'Sn' });
}
