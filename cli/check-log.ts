import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { checkServer } from '../audit/check-server.ts';
import { CountersignError } from '../domain/error.ts';

/**
 * Refuses to start on a database whose log could lose or change entries. One that cannot be reached now is no reason:
 * until it is, nothing is written and so nothing is called.
 *
 * @throws CountersignError `invalid_configuration`
 */
export async function refuseUnsafeLog(pool: Pool, log: Logger): Promise<void> {
  try {
    await checkServer(pool);
  } catch (error) {
    if (error instanceof CountersignError) throw error;
    log.warn({ err: error as Error }, 'the database cannot be checked yet');
  }
}
