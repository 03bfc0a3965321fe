import { CountersignError } from '../domain/error.ts';
import type { Queryable } from '../store/queryable.ts';

interface Findings {
  name: string;
  fsync: string;
  server_encoding: string;
  full_page_writes: string;
  synchronous_commit: string;
  superuser: boolean;
  tables: number;
  owned: string | null;
  writable: string | null;
  unguarded: string | null;
}

/**
 * Refuses a database on which the audit log's promises are hollow; every process asks at its start.
 *
 * @throws CountersignError `invalid_configuration` naming the setting or the right: `fsync`, `full_page_writes` or
 * `synchronous_commit` off, an encoding other than UTF-8, a schema that is missing, a login that is a superuser, owns a table of the log, or may change its rows past
 * `audit.append`, or a table whose triggers against changes are gone or disabled. Errors of Postgres and of the connection as they are.
 */
export async function checkServer(db: Queryable): Promise<void> {
  const { rows } = await db.query<Findings>(
    `select session_user as name,
            current_setting('fsync') as fsync,
            current_setting('server_encoding') as server_encoding,
            current_setting('full_page_writes') as full_page_writes,
            -- As the session was given it: ours is put right.
            (select reset_val from pg_settings where name = 'synchronous_commit') as synchronous_commit,
            (select rolsuper from pg_roles where rolname = session_user) as superuser,
            count(*)::int as tables,
            min(c.oid::regclass::text) filter (where pg_has_role(session_user, c.relowner, 'member')) as owned,
            min(c.oid::regclass::text) filter (
              where has_table_privilege(session_user, c.oid, 'insert, update, delete, truncate, trigger')
            ) as writable,
            -- Bits of a trigger's type: 8 DELETE, 16 UPDATE, 32 TRUNCATE. The types of entries are no part of the log.
            min(c.oid::regclass::text) filter (
              where c.relname <> 'event_type' and 56 is distinct from (
                select bit_or(t.tgtype::int) & 56 from pg_trigger t where t.tgrelid = c.oid and t.tgenabled = 'A')
            ) as unguarded
       from pg_class c where c.relnamespace = to_regnamespace('audit') and c.relkind = 'r'`,
  );
  const found = rows[0];
  if (found === undefined) throw new Error('a query of one row returned none');
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit'] as const) {
    if (found[setting] === 'off') {
      refuse(`Postgres setting ${setting}: expected on, got off; what is committed could be lost`);
    }
  }
  if (found.server_encoding !== 'UTF8') {
    refuse(
      `Postgres setting server_encoding: expected UTF8, got ${found.server_encoding}; not every name could be kept`,
    );
  }
  if (found.tables === 0) refuse('schema audit: expected its tables, got none; run the migrations first');
  if (found.superuser) refuse(`login role: expected no superuser, got the superuser ${found.name}`);
  if (found.owned !== null) refuse(`login role: ${found.name} may act as the owner of ${found.owned}`);
  if (found.writable !== null) {
    refuse(`login role: ${found.name} may change ${found.writable} other than by audit.append`);
  }
  if (found.unguarded !== null) {
    refuse(`table ${found.unguarded}: the triggers that refuse changes are missing or disabled`);
  }
}

function refuse(message: string): never {
  throw new CountersignError('invalid_configuration', message);
}
