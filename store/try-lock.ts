import type { PoolClient } from 'pg';

/** Takes a lock that no other transaction holds, until this one ends. @returns false when another holds it */
export async function tryLock(client: PoolClient, purpose: string, key: string): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>(
    'select pg_try_advisory_xact_lock(hashtext($1), hashtext($2)) as taken',
    [purpose, key],
  );
  return rows[0]?.taken === true;
}
