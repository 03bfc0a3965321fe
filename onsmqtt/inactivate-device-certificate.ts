import { inactivateDeviceCertificate as operation } from '../operations/inactivate-device-certificate.ts';
import { implement } from '../operations/implement.ts';
import { prepareDeviceCall, readDeviceCertificate } from './device-certificate.ts';
import type { OnsMqtt } from './port.ts';

/** Carries out InactivateDeviceCertificate. */
export const inactivateDeviceCertificate = (onsMqtt: OnsMqtt) =>
  implement(operation, {
    read: (input, context) => readDeviceCertificate(onsMqtt, input, context),
    prepare: (input, context) =>
      prepareDeviceCall(
        onsMqtt,
        'InactivateDeviceCertificate',
        'mq:UnregisterDeviceCertificate',
        input,
        context,
      ),
  });
