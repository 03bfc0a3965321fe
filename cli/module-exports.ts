import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { CountersignError } from '../domain/error.ts';

/** Longest wait for a file that does something of its own when it is loaded, ms. */
const loadWithinMs = 20_000;

/**
 * What the files of a variable export as their default: one thing, or a list.
 *
 * @param files - comma-separated
 * @param read - makes what is wanted of one thing; throws where it is something else
 * @param withinMs - longest wait for one file
 * @throws CountersignError `invalid_configuration` naming variable and file
 */
export async function exportsOf<T>(
  variable: string,
  files: string | undefined,
  read: (value: unknown) => T,
  withinMs = loadWithinMs,
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

/** The names in a variable: comma-separated, blanks around them do not count. */
export function filesIn(files = ''): string[] {
  return files
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
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
