import type { Pool, PoolClient } from 'pg';
import { asLogError } from '../log-error.ts';

/**
 * Work on one snapshot of the database, so that nothing that is being written is taken for a difference.
 * @throws CountersignError `log_unavailable`
 */
export async function inSnapshot<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  try {
    const client = await pool.connect();
    let isDone = false;
    try {
      await client.query('begin isolation level repeatable read, read only');
      const result = await work(client);
      await client.query('commit');
      isDone = true;
      return result;
    } finally {
      // What failed has left a transaction open, or has lost its connection.
      client.release(!isDone);
    }
  } catch (error) {
    throw asLogError(error);
  }
}
