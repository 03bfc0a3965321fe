import type { CertificateStore, KeptCertificate } from './certificate.ts';
import { VendorError } from './vendor-error.ts';

/** What an action answers beside the RequestId, and whether the asked-for state now holds because of it. */
interface ActionResult {
  readonly body: Readonly<Record<string, unknown>>;
  readonly applied: boolean;
}

/** One action of the product, version 2020-04-20. */
export interface Action {
  readonly method: 'GET' | 'POST';
  /** Name in RAM policies; not the action's own for all of them. */
  readonly ramAction: string;
  /** Required parameters; each is checked before anything else happens. */
  readonly parameters: readonly string[];
  run(parameters: Readonly<Record<string, string>>, certificates: CertificateStore): ActionResult;
}

const MAX_SN_BYTES = 128;
const MAX_PAGE_SIZE = 100;

/**
 * Checks an action's parameters: present, serial numbers at most 128 bytes, pages from 1, page sizes 1 to 100.
 *
 * @throws VendorError ParameterFieldCheckFailed naming the parameter
 */
export function checkParameters(action: Action, parameters: Readonly<Record<string, string>>): void {
  for (const name of action.parameters) {
    const value = parameters[name] ?? '';
    const isValid =
      name === 'PageNo'
        ? /^[1-9]\d{0,8}$/.test(value)
        : name === 'PageSize'
          ? /^[1-9]\d{0,2}$/.test(value) && Number(value) <= MAX_PAGE_SIZE
          : value !== '' && (!name.endsWith('Sn') || Buffer.byteLength(value) <= MAX_SN_BYTES);
    if (!isValid) throw new VendorError('ParameterFieldCheckFailed', `Parameter: ${name}.`);
  }
}

function view(certificate: KeptCertificate): Record<string, string> {
  return {
    CaName: certificate.caName,
    CaContent: certificate.caContent,
    RegistrationCode: certificate.registrationCode,
    Sn: certificate.sn,
    Status: certificate.status,
    ValidBegin: certificate.validBegin,
    ValidEnd: certificate.validEnd,
    VerificationContent: certificate.verificationContent,
  };
}

function findCa(
  certificates: CertificateStore,
  instance: string | undefined,
  sn: string | undefined,
): KeptCertificate {
  const certificate = certificates.find(instance ?? '', sn ?? '');
  if (certificate === undefined) throw new VendorError('FindCaBySnError');
  return certificate;
}

// What the service answers for a certificate that has the status already is documented nowhere: success here.
function setCaStatus(ramAction: string, status: '0' | '1'): Action {
  return {
    method: 'POST',
    ramAction,
    parameters: ['MqttInstanceId', 'Sn'],
    run: (parameters, certificates) => {
      const certificate = findCa(certificates, parameters['MqttInstanceId'], parameters['Sn']);
      certificate.status = status;
      return { body: { Sn: certificate.sn }, applied: true };
    },
  };
}

function setDeviceStatus(ramAction: string, status: '0' | '1'): Action {
  return {
    method: 'POST',
    ramAction,
    parameters: ['MqttInstanceId', 'CaSn', 'DeviceSn'],
    run: (parameters, certificates) => {
      const certificate = findCa(certificates, parameters['MqttInstanceId'], parameters['CaSn']);
      const device = certificate.deviceCertificates.find(
        ({ deviceSn }) => deviceSn === parameters['DeviceSn'],
      );
      // The code for an unknown device certificate is not documented; this one is at least a code of the action.
      if (device === undefined) throw new VendorError('ParameterFieldCheckFailed', 'Parameter: DeviceSn.');
      device.status = status;
      return { body: { DeviceSn: device.deviceSn }, applied: true };
    },
  };
}

const deleteCa: Action = {
  method: 'POST',
  ramAction: 'mq:DeleteCaCertificate',
  parameters: ['MqttInstanceId', 'Sn'],
  run: (parameters, certificates) => {
    const { mqttInstanceId, sn } = findCa(certificates, parameters['MqttInstanceId'], parameters['Sn']);
    certificates.delete(mqttInstanceId, sn);
    return { body: { Sn: sn }, applied: true };
  },
};

const getCa: Action = {
  method: 'GET',
  ramAction: 'mq:GetCaCertificate',
  parameters: ['MqttInstanceId', 'Sn'],
  run: (parameters, certificates) => ({
    body: { Data: view(findCa(certificates, parameters['MqttInstanceId'], parameters['Sn'])) },
    applied: false,
  }),
};

const listCa: Action = {
  method: 'GET',
  ramAction: 'mq:ListCaCertificate',
  parameters: ['MqttInstanceId', 'PageNo', 'PageSize'],
  run: (parameters, certificates) => {
    const all = certificates.list(parameters['MqttInstanceId'] ?? '');
    const pageNo = Number(parameters['PageNo']);
    const pageSize = Number(parameters['PageSize']);
    const page = all.slice((pageNo - 1) * pageSize, pageNo * pageSize);
    // The documentation calls Total both rows and pages; rows here.
    const data = { Total: all.length, PageNo: pageNo, PageSize: pageSize, CaCertificateVOS: page.map(view) };
    return { body: { Data: data }, applied: false };
  },
};

/** The actions that the simulator knows, by name. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['ActiveCaCertificate', setCaStatus('mq:ActiveCaCertificate', '1')],
  ['InactivateCaCertificate', setCaStatus('mq:UnregisterCaCertificate', '0')],
  ['DeleteCaCertificate', deleteCa],
  ['GetCaCertificate', getCa],
  ['ListCaCertificate', listCa],
  ['ActiveDeviceCertificate', setDeviceStatus('mq:ActiveDeviceCertificate', '1')],
  ['InactivateDeviceCertificate', setDeviceStatus('mq:UnregisterDeviceCertificate', '0')],
]);
