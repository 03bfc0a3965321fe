import { inactivateCaCertificate as operation } from '../operations/inactivate-ca-certificate.ts';
import { implement } from '../operations/implement.ts';
import { prepareCaCall, readCaCertificate } from './ca-certificate.ts';
import type { OnsMqtt } from './port.ts';

/** Carries out InactivateCaCertificate. */
export const inactivateCaCertificate = (onsMqtt: OnsMqtt) =>
  implement(operation, {
    read: (input, context) => readCaCertificate(onsMqtt, input, context),
    prepare: (input, context) =>
      prepareCaCall(onsMqtt, 'InactivateCaCertificate', 'mq:UnregisterCaCertificate', input, context),
  });
