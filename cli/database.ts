import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { checkServer } from '../audit/check-server.ts';
import { CountersignError } from '../domain/error.ts';
import { checkPooling } from '../store/check-pooling.ts';
import { makePool } from '../store/pool.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';

/**
 * A process's database. Refuses one whose log could lose or change entries, and a pooler that keeps no sessions; one that cannot be reached now is no reason:
 * until it is, nothing is written and so nothing is called.
 *
 * @param name - the process, as Postgres shows it: `countersign <name>`
 * @param max - most connections, at least two
 * @throws CountersignError `invalid_configuration`
 */
export async function openDatabase(env: Environment, log: Logger, name: string, max: number): Promise<Pool> {
  const pool = makePool({
    connectionString: required(env, 'DATABASE_URL'),
    applicationName: `countersign ${name}`,
    max,
    onError: (err) => log.warn({ err }, 'a database connection was lost'),
  });
  try {
    await checkServer(pool);
    await checkPooling(pool);
  } catch (error) {
    if (error instanceof CountersignError) throw error;
    log.warn({ err: error as Error }, 'the database cannot be checked yet');
  }
  return pool;
}
