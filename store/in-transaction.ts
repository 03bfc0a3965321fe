import type { Pool, PoolClient } from 'pg';
import { isReadOnly } from '../domain/unavailable.ts';

/**
 * Runs `work` in one transaction (READ COMMITTED) on a client of its own: committed when it resolves, rolled back when it
 * throws. A connection whose rollback or commit failed is closed, not reused; so is one to a server that takes no writes: after a
 * failover the next may lead to one that does.
 *
 * @throws whatever `work` throws, and Postgres' errors
 */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // While a client is out of the pool, its connection's loss is reported to it alone.
  const lost = (error: Error): void => {
    broken = error;
  };
  client.on('error', lost);
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    if (isReadOnly(error)) broken = error as Error;
    await client.query('ROLLBACK').catch((cause: unknown) => {
      broken ??= cause instanceof Error ? cause : new Error(String(cause));
    });
    throw error;
  } finally {
    client.off('error', lost);
    client.release(broken);
  }
}
