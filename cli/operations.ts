import { defaultInstallation, ownQueueFault } from '../domain/installation.ts';
import { bundledOperations } from '../operations/bundled.ts';
import { defineOperation } from '../operations/define-operation.ts';
import type { Implementation } from '../operations/implement.ts';
import type { Operation, OperationDefinition } from '../operations/operation.ts';
import { makeOperations } from '../operations/registry.ts';
import type { Operations } from '../operations/registry.ts';
import type { Environment } from './environment.ts';
import { exportsOf, filesIn } from './module-exports.ts';

/**
 * The bundled operations and those of the files that COUNTERSIGN_OPERATIONS names: ES modules, and YAML files of declared
 * operations (`.yaml`, `.yml`).
 *
 * @param withinMs - longest wait for one module
 * @throws CountersignError `invalid_configuration` where a file cannot be loaded, what it gives is no operation, or two
 * operations have one name; of a YAML file it names line, field and rule of each error
 */
export async function openOperations(
  env: Pick<Environment, 'COUNTERSIGN_OPERATIONS'> & Partial<Pick<Environment, 'COUNTERSIGN_INSTALLATION'>>,
  withinMs?: number,
): Promise<Operations> {
  const { COUNTERSIGN_INSTALLATION: installation = defaultInstallation } = env;
  const read = (value: unknown): Operation => {
    if (value === null || typeof value !== 'object')
      throw new TypeError('expected what defineOperation makes');
    // Made anew: schema and digest are this process's own.
    const { taskQueue } = value as OperationDefinition;
    const fault = taskQueue === undefined ? null : ownQueueFault(installation, taskQueue);
    if (fault !== null) throw new TypeError(`taskQueue: ${fault}`);
    return defineOperation(value as OperationDefinition);
  };
  const found: Operation[] = [...bundledOperations];
  for (const file of filesIn(env.COUNTERSIGN_OPERATIONS)) {
    const own = /\.ya?ml$/iu.test(file)
      ? await declaredIn(file, found, installation)
      : await exportsOf('COUNTERSIGN_OPERATIONS', file, read, withinMs);
    found.push(...own);
  }
  return makeOperations(found);
}

/** What reads such a file needs packages that a process without one need not have. */
async function declaredIn(
  file: string,
  before: readonly Operation[],
  installation: string,
): Promise<Operation[]> {
  const { readOperationsFile } = await import('./operations-file.ts');
  return readOperationsFile(file, before, installation);
}

/**
 * What the files that COUNTERSIGN_IMPLEMENTATIONS names carry out. For the worker alone: no other process loads a driver.
 *
 * @throws CountersignError `invalid_configuration` where a file cannot be loaded, or what it gives is no implementation
 */
export function openImplementations(
  env: Pick<Environment, 'COUNTERSIGN_IMPLEMENTATIONS'>,
): Promise<Implementation[]> {
  const read = (value: unknown): Implementation => {
    const { operation, read, prepare } = (value ?? {}) as Partial<Implementation>;
    if (operation === undefined || typeof read !== 'function' || typeof prepare !== 'function') {
      throw new TypeError('expected what implement makes');
    }
    return value as Implementation;
  };
  return exportsOf('COUNTERSIGN_IMPLEMENTATIONS', env.COUNTERSIGN_IMPLEMENTATIONS, read);
}
