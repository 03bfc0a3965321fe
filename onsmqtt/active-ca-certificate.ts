import { activeCaCertificate as operation } from '../operations/active-ca-certificate.ts';
import { implement } from '../operations/implement.ts';
import { prepareCaCall, readCaCertificate } from './ca-certificate.ts';
import type { OnsMqtt } from './port.ts';

/** Carries out ActiveCaCertificate. */
export const activeCaCertificate = (onsMqtt: OnsMqtt) =>
  implement(operation, {
    read: (input, context) => readCaCertificate(onsMqtt, input, context),
    prepare: (input, context) =>
      prepareCaCall(onsMqtt, 'ActiveCaCertificate', 'mq:ActiveCaCertificate', input, context),
  });
