import { caCertificate, deviceCertificate } from './certificate-kind.ts';
import { get, list, remove, setStatus } from './effects.ts';
import type { Effect } from './effects.ts';

/** One action of the product, version 2020-04-20. */
export interface Action {
  readonly method: 'GET' | 'POST';
  /** Name in RAM policies; not the action's own for all of them. */
  readonly ramAction: string;
  /** Required parameters; each is checked before anything else happens. */
  readonly parameters: readonly string[];
  readonly run: Effect;
}

const CA = ['MqttInstanceId', 'Sn'];
const CA_PAGE = ['MqttInstanceId', 'PageNo', 'PageSize'];
const DEVICE = ['MqttInstanceId', 'CaSn', 'DeviceSn'];
const DEVICE_PAGE = ['MqttInstanceId', 'CaSn', 'PageNo', 'PageSize'];

const TABLE: Readonly<Record<string, Action>> = {
  ActiveCaCertificate: {
    method: 'POST',
    ramAction: 'mq:ActiveCaCertificate',
    parameters: CA,
    run: setStatus(caCertificate, '1'),
  },
  InactivateCaCertificate: {
    method: 'POST',
    ramAction: 'mq:UnregisterCaCertificate',
    parameters: CA,
    run: setStatus(caCertificate, '0'),
  },
  DeleteCaCertificate: {
    method: 'POST',
    ramAction: 'mq:DeleteCaCertificate',
    parameters: CA,
    run: remove(caCertificate),
  },
  GetCaCertificate: {
    method: 'GET',
    ramAction: 'mq:GetCaCertificate',
    parameters: CA,
    run: get(caCertificate),
  },
  ListCaCertificate: {
    method: 'GET',
    ramAction: 'mq:ListCaCertificate',
    parameters: CA_PAGE,
    run: list(caCertificate),
  },
  ActiveDeviceCertificate: {
    method: 'POST',
    ramAction: 'mq:ActiveDeviceCertificate',
    parameters: DEVICE,
    run: setStatus(deviceCertificate, '1'),
  },
  InactivateDeviceCertificate: {
    method: 'POST',
    ramAction: 'mq:UnregisterDeviceCertificate',
    parameters: DEVICE,
    run: setStatus(deviceCertificate, '0'),
  },
  DeleteDeviceCertificate: {
    method: 'POST',
    ramAction: 'mq:DeleteDeviceCertificate',
    parameters: DEVICE,
    run: remove(deviceCertificate),
  },
  GetDeviceCertificate: {
    method: 'GET',
    ramAction: 'mq:GetDeviceCertificate',
    parameters: DEVICE,
    run: get(deviceCertificate),
  },
  ListDeviceCertificateByCaSn: {
    method: 'GET',
    ramAction: 'mq:ListDeviceCertificateByCaSn',
    parameters: DEVICE_PAGE,
    run: list(deviceCertificate),
  },
};

/** The actions that the simulator knows, by name: what each needs, does and answers. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map(Object.entries(TABLE));
