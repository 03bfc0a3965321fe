import type { Pool, PoolClient } from 'pg';
import { CountersignError } from '../domain/error.ts';

/** Enough for a pooler to hand a server's connection from one client to the other. */
const rounds = 4;

/**
 * Refuses a pooler that gives a server's connection to others between two transactions (PgBouncer's `pool_mode = transaction`
 * or `statement`): named statements, session settings, LISTEN and advisory locks would be somebody else's. It shows by two
 * connections that have one server process, or by one that has two.
 *
 * @param pool - of at least two connections
 * @throws CountersignError `invalid_configuration`; errors of Postgres and of the connection as they are
 */
export async function checkPooling(pool: Pool): Promise<void> {
  const clients: PoolClient[] = [];
  const seen = [new Set<number>(), new Set<number>()] as const;
  try {
    while (clients.length < seen.length) clients.push(await pool.connect());
    for (let round = 0; round < rounds; round++) {
      for (const [n, client] of clients.entries()) {
        const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
        if (rows[0]) seen[n]?.add(rows[0].pid);
      }
    }
  } finally {
    for (const client of clients) client.release();
  }
  const [first, second] = seen;
  if (first.size === 1 && second.size === 1 && [...first].every((pid) => !second.has(pid))) return;
  throw new CountersignError(
    'invalid_configuration',
    'between this process and Postgres is a pooler that changes its connections between transactions; ' +
      'expected one that keeps sessions (PgBouncer: pool_mode = session)',
  );
}
