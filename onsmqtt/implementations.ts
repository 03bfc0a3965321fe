import type { Implementation } from '../operations/implement.ts';
import { activeCaCertificate } from './active-ca-certificate.ts';
import { inactivateCaCertificate } from './inactivate-ca-certificate.ts';
import type { OnsMqtt } from './port.ts';

/** What carries out each bundled operation. */
export function onsMqttImplementations(onsMqtt: OnsMqtt): readonly Implementation[] {
  return [activeCaCertificate, inactivateCaCertificate].map((of) => of(onsMqtt));
}
