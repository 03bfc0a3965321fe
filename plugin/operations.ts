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
export type { Operation, OperationDefinition, PresentedLine, Refusal } from '../operations/operation.ts';
