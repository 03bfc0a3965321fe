/** A device certificate under a CA certificate, as the control interface takes and gives it. */
export interface DeviceCertificate {
  /** Serial number, at most 128 bytes. */
  readonly deviceSn: string;
  /** Display name; the serial number when absent. */
  readonly deviceName?: string;
  /** `"0"` inactive, `"1"` active (the default). */
  readonly status?: string;
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
  /** Device certificates issued by this CA. */
  readonly deviceCertificates?: readonly DeviceCertificate[];
}

/** A certificate as it is kept: every field present, times as the strings that the vendor answers. */
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
  readonly deviceCertificates: { readonly deviceSn: string; readonly deviceName: string; status: string }[];
}

const DEFAULT_VALID_BEGIN = Date.UTC(2025, 0, 1);
const DEFAULT_VALID_END = Date.UTC(2035, 0, 1);

function keep(given: Certificate): KeptCertificate {
  return {
    mqttInstanceId: given.mqttInstanceId,
    sn: given.sn,
    caName: given.caName ?? `ca-${given.sn}`,
    status: given.status ?? '0',
    validBegin: String(given.validBegin ?? DEFAULT_VALID_BEGIN),
    validEnd: String(given.validEnd ?? DEFAULT_VALID_END),
    caContent: given.caContent ?? '',
    registrationCode: given.registrationCode ?? '',
    verificationContent: given.verificationContent ?? '',
    deviceCertificates: (given.deviceCertificates ?? []).map((device) => ({
      deviceSn: device.deviceSn,
      deviceName: device.deviceName ?? device.deviceSn,
      status: device.status ?? '1',
    })),
  };
}

/** The certificates of every instance, in the order in which they were first put. */
export class CertificateStore {
  readonly #instances = new Map<string, Map<string, KeptCertificate>>();

  /** Puts certificates: one that exists (same instance and serial number) is replaced whole, the others stay. */
  put(certificates: readonly Certificate[]): void {
    for (const certificate of certificates) {
      const kept = keep(certificate);
      const instance = this.#instances.get(kept.mqttInstanceId) ?? new Map<string, KeptCertificate>();
      instance.set(kept.sn, kept);
      this.#instances.set(kept.mqttInstanceId, instance);
    }
  }

  /** Forgets every certificate and every instance. */
  clear(): void {
    this.#instances.clear();
  }

  /** Whether any certificate was ever put under this instance; deleting the last one leaves the instance known. */
  hasInstance(mqttInstanceId: string): boolean {
    return this.#instances.has(mqttInstanceId);
  }

  /** One certificate, or `undefined`. */
  find(mqttInstanceId: string, sn: string): KeptCertificate | undefined {
    return this.#instances.get(mqttInstanceId)?.get(sn);
  }

  /** The certificates of one instance, or of all. */
  list(mqttInstanceId?: string): KeptCertificate[] {
    if (mqttInstanceId !== undefined) return [...(this.#instances.get(mqttInstanceId)?.values() ?? [])];
    return [...this.#instances.values()].flatMap((instance) => [...instance.values()]);
  }

  /** A store with one instance's certificates that can be changed without effect on this one. */
  copy(mqttInstanceId: string): CertificateStore {
    const copy = new CertificateStore();
    copy.put(this.list(mqttInstanceId));
    return copy;
  }

  /** Removes a certificate with its device certificates. */
  delete(mqttInstanceId: string, sn: string): void {
    this.#instances.get(mqttInstanceId)?.delete(sn);
  }
}
