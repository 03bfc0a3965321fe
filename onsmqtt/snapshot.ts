import { createHash } from 'node:crypto';
import { isoTime } from '../domain/time.ts';
import type { CaCertificateSnapshot } from '../operations/ca-certificate.ts';
import type { DeviceCertificateSnapshot } from '../operations/device-certificate.ts';

const statusOf: Readonly<Record<string, string>> = { '0': 'inactive', '1': 'active' };
/** The first millisecond of the year 10000, which ISO 8601 has no four digits for. */
const endOfTimeMs = 253_402_300_800_000;

/**
 * What GetCaCertificate answered as `Data`, as the approver is shown it. Status "0" is `inactive`, "1" `active`, any other
 * the vendor's own word; ValidBegin and ValidEnd are Unix milliseconds as text; of CaContent only the SHA-256 is kept.
 */
export function caCertificateSnapshot(
  data: Readonly<Record<string, unknown>>,
  sn: string,
): CaCertificateSnapshot {
  return { sn, caName: textOf(data.CaName), ...common(data, 'CaContent') };
}

/**
 * What GetDeviceCertificate answered as `Data`, likewise; of DeviceContent only the SHA-256 is kept.
 *
 * @param known - what was asked for, and what GetCaCertificate says of the CA certificate
 */
export function deviceCertificateSnapshot(
  data: Readonly<Record<string, unknown>>,
  { caSn, deviceSn, caStatus }: Pick<DeviceCertificateSnapshot, 'caSn' | 'deviceSn' | 'caStatus'>,
): DeviceCertificateSnapshot {
  const deviceName = textOf(data.DeviceName);
  return { caSn, deviceSn, deviceName, ...common(data, 'DeviceContent'), caStatus };
}

/** What every certificate has. */
function common(data: Readonly<Record<string, unknown>>, contentMember: string) {
  const status = textOf(data.Status);
  const content = textOf(data[contentMember]);
  return {
    status: statusOf[status] ?? status,
    validFrom: timeOf(data.ValidBegin),
    validTo: timeOf(data.ValidEnd),
    fingerprint: content === '' ? null : createHash('sha256').update(content, 'utf8').digest('hex'),
  };
}

/** A text that canonical JSON takes; numbers as text, since the vendor's types are known from its SDK alone. */
function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\u0000', '\ufffd') : '';
}

function timeOf(value: unknown): string | null {
  const text = textOf(value);
  const ms = Number(text);
  return /^\d{1,15}$/.test(text) && ms < endOfTimeMs ? isoTime(ms) : null;
}
