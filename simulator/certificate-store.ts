import { asSeed, keepCa } from './certificate.ts';
import type { Certificate, KeptCertificate, KeptDeviceCertificate } from './certificate.ts';

/** Which CA certificates are meant; an absent member matches everything. */
export interface CertificateFilter {
  readonly mqttInstanceId?: string | undefined;
  readonly sn?: string | undefined;
}

/** A device certificate together with the CA certificate that it belongs to. */
export interface PlacedDevice {
  readonly ca: KeptCertificate;
  readonly device: KeptDeviceCertificate;
}

/** The certificates of every instance, in the order in which they were first put. */
export class CertificateStore {
  readonly #instances = new Map<string, Map<string, KeptCertificate>>();

  /**
   * Puts CA certificates. One that exists (same instance and serial number) is replaced; its device certificates stay
   * unless others are given. The other CA certificates stay.
   */
  put(certificates: readonly Certificate[]): void {
    for (const certificate of certificates) {
      const { mqttInstanceId, sn } = certificate;
      const instance = this.#instances.get(mqttInstanceId) ?? new Map<string, KeptCertificate>();
      instance.set(sn, keepCa(certificate, instance.get(sn)));
      this.#instances.set(mqttInstanceId, instance);
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

  /** One CA certificate, or `undefined`. */
  find(mqttInstanceId: string, sn: string): KeptCertificate | undefined {
    return this.#instances.get(mqttInstanceId)?.get(sn);
  }

  /** The CA certificates that a filter matches. */
  list(filter: CertificateFilter = {}): KeptCertificate[] {
    const instances =
      filter.mqttInstanceId === undefined
        ? [...this.#instances.values()]
        : [this.#instances.get(filter.mqttInstanceId) ?? new Map<string, KeptCertificate>()];
    return instances
      .flatMap((instance) => [...instance.values()])
      .filter(({ sn }) => filter.sn === undefined || filter.sn === sn);
  }

  /** The device certificates under the CA certificates that a filter matches; with `deviceSn` those alone. */
  listDevices(filter: CertificateFilter, deviceSn?: string): PlacedDevice[] {
    return this.list(filter)
      .flatMap((ca) => [...ca.deviceCertificates.values()].map((device) => ({ ca, device })))
      .filter(({ device }) => deviceSn === undefined || device.deviceSn === deviceSn);
  }

  /** A store with one instance's certificates that can be changed without effect on this one. */
  copy(mqttInstanceId: string): CertificateStore {
    const copy = new CertificateStore();
    copy.put(this.list({ mqttInstanceId }).map(asSeed));
    return copy;
  }

  /** Removes a CA certificate with its device certificates. */
  delete({ mqttInstanceId, sn }: Pick<KeptCertificate, 'mqttInstanceId' | 'sn'>): void {
    this.#instances.get(mqttInstanceId)?.delete(sn);
  }
}
