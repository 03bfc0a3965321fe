import type { Target } from '../domain/target.ts';
import type { DeviceCertificateInput } from './certificate-input.ts';
import { statusRefusal } from './certificate-status.ts';
import { mqttTrail } from './mqtt-trail.ts';
import type { OperationTrail, PresentedLine, Refusal } from './operation.ts';

/** What was read of a device certificate (GetDeviceCertificate, GetCaCertificate). No key material: the content only by fingerprint. */
export type DeviceCertificateSnapshot = {
  readonly caSn: string;
  readonly deviceSn: string;
  readonly deviceName: string;
  /** `inactive`, `active`, or the vendor's own word when it is neither "0" nor "1". */
  readonly status: string;
  /** ISO 8601, or null where the vendor gave none. */
  readonly validFrom: string | null;
  readonly validTo: string | null;
  /** SHA-256 of the certificate's text (UTF-8), lower-case hex, or null when the vendor gave none. */
  readonly fingerprint: string | null;
  /**
   * The status of the CA certificate that issued it, or null where that is not there. A device connects only while both are
   * active, so a change of it after the approval is drift.
   */
  readonly caStatus: string | null;
};

/** The members of a device certificate's scope. */
export const deviceCertificateScope = ['regionId', 'mqttInstanceId', 'caSn', 'deviceSn'] as const;

/** The device certificate as a target: another one than its CA certificate, so neither locks the other. */
export function deviceCertificateTarget(input: DeviceCertificateInput): Target {
  const { regionId, mqttInstanceId, caSn, deviceSn } = input;
  return {
    id: [regionId, mqttInstanceId, caSn, 'device', deviceSn]
      .map((part) => encodeURIComponent(part))
      .join('/'),
    scope: { regionId, mqttInstanceId, caSn, deviceSn },
    label: `device certificate ${deviceSn} under CA certificate ${caSn} of ${mqttInstanceId} (${regionId})`,
  };
}

/**
 * Why a device certificate cannot be given a status, or null. An inactive CA certificate is no reason: the approver is shown
 * it, and who activates both may begin with either.
 *
 * @param now - milliseconds since the epoch
 */
export function deviceCertificateRefusal(
  snapshot: DeviceCertificateSnapshot | null,
  wished: 'active' | 'inactive',
  now: number,
): Refusal | null {
  if (snapshot === null) {
    return {
      code: 'target_not_found',
      message: 'the CA certificate has no device certificate with this serial number, or is not there itself',
    };
  }
  if (wished === 'active' && snapshot.caStatus === null) {
    return { code: 'ca_not_found', message: `the CA certificate ${snapshot.caSn} is not there` };
  }
  return statusRefusal('device certificate', snapshot, wished, now);
}

/** What identifies a device certificate: everything but the statuses. */
export function deviceCertificateIdentity({
  status: _status,
  caStatus: _caStatus,
  ...rest
}: DeviceCertificateSnapshot): Omit<DeviceCertificateSnapshot, 'status' | 'caStatus'> {
  return rest;
}

/** The device certificate as the approver is shown it. */
export function presentDeviceCertificate(snapshot: DeviceCertificateSnapshot): PresentedLine[] {
  const { caSn, deviceSn, deviceName, status, validFrom, validTo, fingerprint, caStatus } = snapshot;
  const noConnection = caStatus === 'active' ? '' : ': no device under it can connect';
  return [
    { label: 'device certificate', value: deviceSn },
    { label: 'name', value: deviceName },
    { label: 'status', value: status },
    { label: 'valid from', value: validFrom ?? 'not given' },
    { label: 'valid to', value: validTo ?? 'not given' },
    { label: 'SHA-256', value: fingerprint ?? 'not given' },
    { label: 'CA certificate', value: caSn },
    { label: 'CA status', value: `${caStatus ?? 'not there'}${noConnection}` },
  ];
}

/** How ActionTrail tells of a call on a device certificate. */
export function deviceCertificateTrail(eventName: string): OperationTrail {
  return mqttTrail(eventName, { mqttInstanceId: 'MqttInstanceId', caSn: 'CaSn', deviceSn: 'DeviceSn' });
}
