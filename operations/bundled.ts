import { activeCaCertificate } from './active-ca-certificate.ts';
import { activeDeviceCertificate } from './active-device-certificate.ts';
import { inactivateCaCertificate } from './inactivate-ca-certificate.ts';
import { inactivateDeviceCertificate } from './inactivate-device-certificate.ts';
import type { Operation } from './operation.ts';

/** The operations that Countersign brings. */
export const bundledOperations: readonly Operation[] = [
  activeCaCertificate,
  inactivateCaCertificate,
  activeDeviceCertificate,
  inactivateDeviceCertificate,
];
