export { fault } from '../domain/fault.ts';
export type { Fault, FaultClass } from '../domain/fault.ts';
export type { Json, JsonObject } from '../domain/json.ts';
export type { Target } from '../domain/target.ts';
export { defineOperation } from '../operations/define-operation.ts';
export { implement } from '../operations/implement.ts';
export type {
  CallAnswer,
  Driver,
  DriverContext,
  Implementation,
  ReadAnswer,
  Send,
} from '../operations/implement.ts';
export { activeCaCertificate } from '../operations/active-ca-certificate.ts';
export { activeDeviceCertificate } from '../operations/active-device-certificate.ts';
export { inactivateCaCertificate } from '../operations/inactivate-ca-certificate.ts';
export { inactivateDeviceCertificate } from '../operations/inactivate-device-certificate.ts';
export type {
  Operation,
  OperationDefinition,
  OperationTrail,
  OperationType,
  PresentedLine,
  Refusal,
} from '../operations/operation.ts';
export { faultClasses } from '../domain/fault.ts';
export type { FaultFacts } from '../domain/fault.ts';
export type { CaCertificateSnapshot } from '../operations/ca-certificate.ts';
export type { DeviceCertificateSnapshot } from '../operations/device-certificate.ts';
