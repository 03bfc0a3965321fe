import type { PoolClient } from 'pg';
import type { Change } from '../domain/change.ts';

/** The change as last seen, locked until the transaction ends, or null when there is none of this id (a UUID). */
export async function lockChange(client: PoolClient, id: string): Promise<Change | null> {
  const { rows } = await client.query<{ document: Change }>({
    name: 'lock-change',
    text: 'select document from countersign.change where id = $1 for update',
    values: [id],
  });
  return rows[0]?.document ?? null;
}
