import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { CountersignError } from '../domain/error.ts';
import { bundledOperations } from '../operations/bundled.ts';
import { defineOperation } from '../operations/define-operation.ts';
import type { Implementation } from '../operations/implement.ts';
import type { Operation, OperationDefinition } from '../operations/operation.ts';
import { makeOperations } from '../operations/registry.ts';
import type { Operations } from '../operations/registry.ts';
import type { Environment } from './environment.ts';
import { readOperationsFile } from './operations-file.ts';

/** Longest wait for a file that does something of its own when it is loaded, ms. */
const loadWithinMs = 20_000;

/**
 * The bundled operations and those of the files that COUNTERSIGN_OPERATIONS names: ES modules, and YAML files of declared
 * operations (`.yaml`, `.yml`).
 *
 * @param withinMs - longest wait for one module
 * @throws CountersignError `invalid_configuration` where a file cannot be loaded, what it gives is no operation, or two
 * operations have one name; of a YAML file it names line, field and rule of each error
 */
export async function openOperations(
  env: Pick<Environment, 'COUNTERSIGN_OPERATIONS'>,
  withinMs = loadWithinMs,
): Promise<Operations> {
  const read = (value: unknown): Operation => {
    if (value === null || typeof value !== 'object')
      throw new TypeError('expected what defineOperation makes');
    // Made anew: schema and digest are this process's own.
    return defineOperation(value as OperationDefinition);
  };
  const found: Operation[] = [...bundledOperations];
  for (const file of filesIn(env.COUNTERSIGN_OPERATIONS)) {
    const own = /\.ya?ml$/iu.test(file)
      ? await readOperationsFile(file, found)
      : await exportsOf('COUNTERSIGN_OPERATIONS', file, read, withinMs);
    found.push(...own);
  }
  return makeOperations(found);
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
  return exportsOf('COUNTERSIGN_IMPLEMENTATIONS', env.COUNTERSIGN_IMPLEMENTATIONS, read, loadWithinMs);
}

function filesIn(files = ''): string[] {
  return files
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** What the files of a variable export as their default: one thing, or a list. */
async function exportsOf<T>(
  variable: string,
  files: string | undefined,
  read: (value: unknown) => T,
  withinMs: number,
): Promise<T[]> {
  const found: T[] = [];
  for (const file of filesIn(files)) {
    try {
      const exported = await exportedBy(file, withinMs);
      found.push(...(Array.isArray(exported) ? exported : [exported]).map(read));
    } catch (cause) {
      const message = `${file}: ${cause instanceof Error ? cause.message : String(cause)}`;
      throw new CountersignError('invalid_configuration', `${variable}: ${message}`, {
        errors: [{ field: variable, rule: 'file', message }],
        cause,
      });
    }
  }
  return found;
}

async function exportedBy(file: string, withinMs: number): Promise<unknown> {
  const over = new AbortController();
  const late = delay(withinMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`it was not loaded within ${withinMs / 1000} s`);
  });
  try {
    const loading = import(/* @vite-ignore */ pathToFileURL(resolve(file)).href) as Promise<{
      default?: unknown;
    }>;
    return (await Promise.race([loading, late])).default;
  } finally {
    over.abort();
  }
}
