import type { Pool, PoolClient } from 'pg';

/**
 * Runs `work` in one transaction (READ COMMITTED) on a client of its own: committed when it resolves, rolled back when it
 * throws. A connection whose rollback or commit failed is closed, not reused.
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
    await client.query('ROLLBACK').catch((cause: unknown) => {
      broken ??= cause instanceof Error ? cause : new Error(String(cause));
    });
    throw error;
  } finally {
    client.off('error', lost);
    client.release(broken);
  }
}
