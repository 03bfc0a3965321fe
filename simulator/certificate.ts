/** A device certificate as seeds and the control interface give it, under its CA certificate. */
export interface DeviceCertificate {
  /** Serial number, 1 to 128 bytes. */
  readonly deviceSn: string;
  /** Display name; the serial number when absent. */
  readonly deviceName?: string;
  /** `"0"` inactive, `"1"` active (the default, as after the vendor's registration); other strings are kept. */
  readonly status?: string;
  /** Start of validity, Unix milliseconds; 2025-01-01 when absent. */
  readonly validBegin?: string | number;
  /** End of validity, Unix milliseconds; 2035-01-01 when absent. */
  readonly validEnd?: string | number;
  /** PEM text; empty when absent. */
  readonly deviceContent?: string;
}

/** A CA certificate, as seeds and the control interface give it. Only instance and serial number are required. */
export interface Certificate {
  /** Instance the certificate is registered with (`post-cn-…`). */
  readonly mqttInstanceId: string;
  /** Serial number, 1 to 128 bytes. */
  readonly sn: string;
  /** Display name; `ca-<sn>` when absent. */
  readonly caName?: string;
  /** `"0"` inactive (the default), `"1"` active; other strings are kept, to try what the vendor never documented. */
  readonly status?: string;
  /** Start of validity, Unix milliseconds; 2025-01-01 when absent. */
  readonly validBegin?: string | number;
  /** End of validity, Unix milliseconds; 2035-01-01 when absent. */
  readonly validEnd?: string | number;
  /** PEM text; empty when absent. */
  readonly caContent?: string;
  /** Registration code; empty when absent. */
  readonly registrationCode?: string;
  /** PEM text of the verification certificate; empty when absent. */
  readonly verificationContent?: string;
  /** Device certificates of this CA, of two with one serial number the last; when absent, those that it has stay. */
  readonly deviceCertificates?: readonly DeviceCertificate[];
}

/** A device certificate as it is kept: every field present, times as the strings that the vendor answers. */
export interface KeptDeviceCertificate {
  readonly deviceSn: string;
  readonly deviceName: string;
  status: string;
  readonly validBegin: string;
  readonly validEnd: string;
  readonly deviceContent: string;
}

/** A CA certificate as it is kept, with its device certificates by serial number. */
export interface KeptCertificate {
  readonly mqttInstanceId: string;
  readonly sn: string;
  readonly caName: string;
  status: string;
  readonly validBegin: string;
  readonly validEnd: string;
  readonly caContent: string;
  readonly registrationCode: string;
  readonly verificationContent: string;
  readonly deviceCertificates: Map<string, KeptDeviceCertificate>;
}

const DEFAULT_VALID_BEGIN = Date.UTC(2025, 0, 1);
const DEFAULT_VALID_END = Date.UTC(2035, 0, 1);

function validity(given: Pick<Certificate, 'validBegin' | 'validEnd'>): {
  validBegin: string;
  validEnd: string;
} {
  return {
    validBegin: String(given.validBegin ?? DEFAULT_VALID_BEGIN),
    validEnd: String(given.validEnd ?? DEFAULT_VALID_END),
  };
}

/** Fills in what a device certificate was given without. */
export function keepDevice(given: DeviceCertificate): KeptDeviceCertificate {
  return {
    deviceSn: given.deviceSn,
    deviceName: given.deviceName ?? given.deviceSn,
    status: given.status ?? '1',
    ...validity(given),
    deviceContent: given.deviceContent ?? '',
  };
}

/** Fills in what a CA certificate was given without; its device certificates are those given, otherwise those of `before`. */
export function keepCa(given: Certificate, before?: KeptCertificate): KeptCertificate {
  const devices = given.deviceCertificates?.map(keepDevice) ?? before?.deviceCertificates.values() ?? [];
  return {
    mqttInstanceId: given.mqttInstanceId,
    sn: given.sn,
    caName: given.caName ?? `ca-${given.sn}`,
    status: given.status ?? '0',
    ...validity(given),
    caContent: given.caContent ?? '',
    registrationCode: given.registrationCode ?? '',
    verificationContent: given.verificationContent ?? '',
    deviceCertificates: new Map(Array.from(devices, (device) => [device.deviceSn, device])),
  };
}

/** A kept CA certificate in the form of a seed: putting it again changes nothing. */
export function asSeed(kept: KeptCertificate): Certificate {
  return { ...kept, deviceCertificates: [...kept.deviceCertificates.values()] };
}
