import type { JsonObject } from '../../domain/json.ts';
import type { Target } from '../../domain/target.ts';
import { operationOf } from '../../operations/registry.ts';

/** A target of this id, whichever operation it is for. */
export function targetOf(id: string, scope: Readonly<Record<string, string>> = {}): Target {
  return { id, scope, label: `target ${id}` };
}

/** What ActiveCaCertificate acts on with an input. */
export function caTarget(input: JsonObject): Target {
  const operation = operationOf('ActiveCaCertificate');
  if (!operation) throw new Error('ActiveCaCertificate is no operation');
  return operation.target(input);
}
