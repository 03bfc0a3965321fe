import { CountersignError } from '../domain/error.ts';
import type { Implementation } from './implement.ts';
import { outOfStep } from './in-step.ts';
import { pinsOf } from './operation.ts';
import type { Operations } from './registry.ts';

/** What a worker carries operations out with: one implementation for each operation. */
export interface Implementations {
  /** Of the operation of that name, or undefined. */
  get(name: string): Implementation | undefined;
}

/**
 * The implementations of one worker.
 *
 * @throws CountersignError `invalid_configuration` where an operation has none or two, or where one is of an operation
 * that is not among them
 */
export function makeImplementations(
  operations: Operations,
  implementations: readonly Implementation[],
): Implementations {
  const byName = new Map<string, Implementation>();
  for (const implementation of implementations) {
    const { name } = implementation.operation;
    // A driver is written for one definition: the same name alone may mean another input.
    if (outOfStep(operations, { operation: name, ...pinsOf(implementation.operation) }) !== null) {
      throw wrong(
        name,
        'has an implementation of a definition that is not loaded; see COUNTERSIGN_OPERATIONS',
      );
    }
    if (byName.has(name)) throw wrong(name, 'has two implementations');
    byName.set(name, implementation);
  }
  for (const { name } of operations.list) {
    if (!byName.has(name)) throw wrong(name, 'has no implementation; see COUNTERSIGN_IMPLEMENTATIONS');
  }
  return { get: (name) => byName.get(name) };
}

function wrong(name: string, message: string): CountersignError {
  return new CountersignError('invalid_configuration', `operation ${name} ${message}`);
}
