import type { Operation } from './operation.ts';
import { activeCaCertificate } from './active-ca-certificate.ts';

const operations = new Map<string, Operation>([[activeCaCertificate.name, activeCaCertificate]]);

/** The gated operation of that name, or undefined. */
export function operationOf(name: string): Operation | undefined {
  return operations.get(name);
}

/** Every gated operation. */
export function allOperations(): Operation[] {
  return [...operations.values()];
}
