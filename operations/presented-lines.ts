import type { Change } from '../domain/change.ts';
import { outOfStep } from './in-step.ts';
import type { PresentedLine } from './operation.ts';
import type { Operations } from './registry.ts';

/**
 * What an approver is shown of a change's snapshot, line by line; null where nothing was read, where this process does not
 * have the definition that the change has pinned, or where a stored snapshot has not its form.
 */
export function presentedLines(
  operations: Operations,
  change: Pick<Change, 'operation' | 'operationVersion' | 'inputSchemaDigest' | 'snapshot'>,
): readonly PresentedLine[] | null {
  const operation = operations.get(change.operation);
  if (change.snapshot === null || !operation || outOfStep(operations, change) !== null) return null;
  try {
    const lines = operation.present(change.snapshot).map(({ label, value }) => ({ label, value }));
    return lines.every((line) => Object.values(line).every((text) => typeof text === 'string'))
      ? lines
      : null;
  } catch {
    return null;
  }
}
