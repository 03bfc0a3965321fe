import { activeCaCertificate } from './active-ca-certificate.ts';
import type { Operation } from './operation.ts';

/** Every gated operation by its name. */
export const operations = { ActiveCaCertificate: activeCaCertificate } as const satisfies Record<
  string,
  Operation
>;

/** The name of a gated operation. */
export type OperationName = keyof typeof operations;

/** The gated operation of that name, or undefined. */
export function operationOf(name: string): Operation | undefined {
  return Object.hasOwn(operations, name) ? operations[name as OperationName] : undefined;
}
