import type { PoolClient } from 'pg';
import type { Change } from '../domain/change.ts';
import { storedChange, storedColumns } from './stored-change.ts';
import type { StoredChange } from './stored-change.ts';

/** The change as last seen, locked until the transaction ends, or null when there is none of this id (a UUID). */
export async function lockChange(client: PoolClient, id: string): Promise<Change | null> {
  const { rows } = await client.query<StoredChange>({
    name: 'lock-change',
    text: `select ${storedColumns} from countersign.change where id = $1 for update`,
    values: [id],
  });
  return rows[0] ? storedChange(rows[0]) : null;
}
