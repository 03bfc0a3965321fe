import type { Parameters } from './certificate-kind.ts';

/** Which certificate a call must name; an absent member matches everything. */
export interface CallTarget {
  readonly mqttInstanceId?: string;
  /** Serial number of the CA certificate: the call's `Sn`, or the `CaSn` of a device call. */
  readonly sn?: string;
  /** Serial number of the device certificate. */
  readonly deviceSn?: string;
}

/** Whether a call with these parameters is about the target. */
export function isAbout(target: CallTarget, parameters: Parameters): boolean {
  const wanted: readonly (readonly [string | undefined, string | undefined])[] = [
    [target.mqttInstanceId, parameters['MqttInstanceId']],
    [target.sn, parameters['Sn'] ?? parameters['CaSn']],
    [target.deviceSn, parameters['DeviceSn']],
  ];
  return wanted.every(([want, got]) => want === undefined || want === got);
}
