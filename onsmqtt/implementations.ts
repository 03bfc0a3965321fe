import type { Implementation } from '../operations/implement.ts';
import { activeCaCertificate } from './active-ca-certificate.ts';
import { activeDeviceCertificate } from './active-device-certificate.ts';
import { inactivateCaCertificate } from './inactivate-ca-certificate.ts';
import { inactivateDeviceCertificate } from './inactivate-device-certificate.ts';
import type { OnsMqtt } from './port.ts';

/** What carries out each bundled operation. */
export function onsMqttImplementations(onsMqtt: OnsMqtt): readonly Implementation[] {
  return [
    activeCaCertificate(onsMqtt),
    inactivateCaCertificate(onsMqtt),
    activeDeviceCertificate(onsMqtt),
    inactivateDeviceCertificate(onsMqtt),
  ];
}
