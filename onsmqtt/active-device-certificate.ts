import { activeDeviceCertificate as operation } from '../operations/active-device-certificate.ts';
import { implement } from '../operations/implement.ts';
import { prepareDeviceCall, readDeviceCertificate } from './device-certificate.ts';
import type { OnsMqtt } from './port.ts';

/** Carries out ActiveDeviceCertificate. */
export const activeDeviceCertificate = (onsMqtt: OnsMqtt) =>
  implement(operation, {
    read: (input, context) => readDeviceCertificate(onsMqtt, input, context),
    prepare: (input, context) =>
      prepareDeviceCall(onsMqtt, 'ActiveDeviceCertificate', 'mq:ActiveDeviceCertificate', input, context),
  });
