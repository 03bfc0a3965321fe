import { CountersignError } from '../domain/error.ts';
import type { Operation } from './operation.ts';

/** The gated operations of one process. */
export interface Operations {
  /** All of them, in the order in which they were given. */
  readonly list: readonly Operation[];
  /** The one of that name, or undefined. */
  get(name: string): Operation | undefined;
}

/**
 * The operations of one process: the bundled ones and an installation's own.
 *
 * @throws CountersignError `invalid_configuration` where two have the same name
 */
export function makeOperations(definitions: readonly Operation[]): Operations {
  const byName = new Map<string, Operation>();
  for (const operation of definitions) {
    const { name } = operation;
    if (byName.has(name)) {
      throw new CountersignError(
        'invalid_configuration',
        `operation ${name} is defined twice; a process has one version of it`,
      );
    }
    byName.set(name, operation);
  }
  return { list: [...byName.values()], get: (name) => byName.get(name) };
}
