import type { Change } from '../domain/change.ts';
import type { Operations } from './registry.ts';

/**
 * Why this process may not act on a change, since it has not the definition that was pinned at submission; null where it
 * has just that one.
 */
export function outOfStep(
  operations: Operations,
  change: Pick<Change, 'operation' | 'operationVersion' | 'inputSchemaDigest'>,
): string | null {
  const { operation: name, operationVersion, inputSchemaDigest } = change;
  const own = operations.get(name);
  if (own === undefined) return `this worker does not have the operation ${name}`;
  if (own.version !== operationVersion) {
    return `this worker has version ${own.version} of ${name}, the change version ${operationVersion}`;
  }
  if (own.inputSchemaDigest !== inputSchemaDigest) {
    return `this worker has another input schema of ${name} ${own.version} than the change`;
  }
  return null;
}
