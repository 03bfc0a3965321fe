import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CountersignError } from '../domain/error.ts';
import type { Environment } from './environment.ts';
import type { Running } from './run-start.ts';

/** Where `countersign start` runs, or null. */
export async function runningStack(env: Environment): Promise<Running | null> {
  const file = join(env.COUNTERSIGN_HOME, 'running.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  try {
    return text === null ? null : (JSON.parse(text) as Running);
  } catch (cause) {
    throw new CountersignError(
      'invalid_configuration',
      `${file} is not JSON: stop what runs and start it again`,
      {
        cause,
      },
    );
  }
}

/** The API's address: COUNTERSIGN_URL, otherwise the running stack's. @throws CountersignError `invalid_configuration` */
export async function apiUrl(env: Environment): Promise<string> {
  const url = env.COUNTERSIGN_URL ?? (await runningStack(env))?.api;
  if (url === undefined) {
    throw new CountersignError(
      'invalid_configuration',
      'nothing runs here: set COUNTERSIGN_URL, or start it with npm start',
    );
  }
  return url.replace(/\/$/, '');
}
