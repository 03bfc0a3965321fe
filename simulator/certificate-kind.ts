import type { KeptCertificate, KeptDeviceCertificate } from './certificate.ts';
import type { CertificateStore } from './certificate-store.ts';
import { VendorError } from './vendor-error.ts';

/** A call's parameters, by the vendor's names. */
export type Parameters = Readonly<Record<string, string>>;

/** The certificate that a call names. */
export interface NamedCertificate {
  readonly serial: string;
  /** Its fields as the vendor answers them, every one a string. */
  readonly fields: Readonly<Record<string, string>>;
  setStatus(status: '0' | '1'): void;
  /** Removes it for good. */
  remove(): void;
}

/** One of the two kinds of certificates: how a call names one, and what is answered of it. */
export interface CertificateKind {
  /** Parameter and answer member that holds the serial number. */
  readonly serialName: 'Sn' | 'DeviceSn';
  /** Answer member that holds a page of them. */
  readonly pageName: 'CaCertificateVOS' | 'DeviceCertificateVOS';
  /**
   * Finds the certificate that a call names.
   *
   * @throws VendorError FindCaBySnError or FindDeviceBySnError
   */
  find(parameters: Parameters, certificates: CertificateStore): NamedCertificate;
  /** The fields of each certificate that a list call is about, in the order in which they were first put. */
  list(parameters: Parameters, certificates: CertificateStore): readonly NamedCertificate['fields'][];
}

function caFields(ca: KeptCertificate): NamedCertificate['fields'] {
  return {
    CaName: ca.caName,
    CaContent: ca.caContent,
    RegistrationCode: ca.registrationCode,
    Sn: ca.sn,
    Status: ca.status,
    ValidBegin: ca.validBegin,
    ValidEnd: ca.validEnd,
    VerificationContent: ca.verificationContent,
  };
}

function deviceFields(ca: KeptCertificate, device: KeptDeviceCertificate): NamedCertificate['fields'] {
  return {
    CaSn: ca.sn,
    DeviceContent: device.deviceContent,
    DeviceName: device.deviceName,
    DeviceSn: device.deviceSn,
    Status: device.status,
    ValidBegin: device.validBegin,
    ValidEnd: device.validEnd,
  };
}

/** CA certificates, named by `MqttInstanceId` and `Sn`. */
export const caCertificate: CertificateKind = {
  serialName: 'Sn',
  pageName: 'CaCertificateVOS',
  find(parameters, certificates) {
    const ca = certificates.find(parameters['MqttInstanceId'] ?? '', parameters['Sn'] ?? '');
    if (ca === undefined) throw new VendorError('FindCaBySnError');
    return {
      serial: ca.sn,
      fields: caFields(ca),
      setStatus: (status) => {
        ca.status = status;
      },
      remove: () => certificates.delete(ca),
    };
  },
  list: (parameters, certificates) =>
    certificates.list({ mqttInstanceId: parameters['MqttInstanceId'] ?? '' }).map(caFields),
};

/** The CA certificate of a device call. The error tables of these actions have no code for the CA certificate alone. */
function issuerOf(parameters: Parameters, certificates: CertificateStore): KeptCertificate {
  const ca = certificates.find(parameters['MqttInstanceId'] ?? '', parameters['CaSn'] ?? '');
  if (ca === undefined) throw new VendorError('FindDeviceBySnError');
  return ca;
}

/** Device certificates, named by `MqttInstanceId`, `CaSn` and `DeviceSn`. */
export const deviceCertificate: CertificateKind = {
  serialName: 'DeviceSn',
  pageName: 'DeviceCertificateVOS',
  find(parameters, certificates) {
    const ca = issuerOf(parameters, certificates);
    const device = ca.deviceCertificates.get(parameters['DeviceSn'] ?? '');
    if (device === undefined) throw new VendorError('FindDeviceBySnError');
    return {
      serial: device.deviceSn,
      fields: deviceFields(ca, device),
      setStatus: (status) => {
        device.status = status;
      },
      remove: () => ca.deviceCertificates.delete(device.deviceSn),
    };
  },
  list(parameters, certificates) {
    const ca = issuerOf(parameters, certificates);
    return [...ca.deviceCertificates.values()].map((device) => deviceFields(ca, device));
  },
};
