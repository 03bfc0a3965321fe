import { createHash } from 'node:crypto';
import type { Queryable } from './queryable.ts';

/**
 * A short name of this database, the same for every login and after a failover, and another one for a copy that was restored
 * elsewhere. Where the login may not ask the server who it is, only databases of another name or number differ.
 *
 * @throws errors of Postgres and of the connection as they are
 */
export async function databaseId(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ oid: string; name: string; mayAsk: boolean }>(
    `select oid::text, datname as name,
            has_function_privilege('pg_catalog.pg_control_system()', 'execute') as "mayAsk"
       from pg_database where datname = current_database()`,
  );
  const { oid = '', name = '', mayAsk = false } = rows[0] ?? {};
  const server = mayAsk ? await systemIdentifier(db) : '';
  return createHash('sha256').update([server, oid, name].join('/')).digest('hex').slice(0, 12);
}

async function systemIdentifier(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    'select system_identifier::text as id from pg_control_system()',
  );
  return rows[0]?.id ?? '';
}
