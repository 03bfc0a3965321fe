import pg from 'pg';
import type { TestDatabase } from './database.ts';

/** What a database or a role may have been given by somebody who knows nothing of Countersign. */
export const strangeSettings = {
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  transform_null_equals: 'on',
  extra_float_digits: '-15',
  search_path: 'strange, public',
  default_transaction_isolation: 'serializable',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
} as const;

/** A statement that gives a database, or a login in it, a setting. */
function assignment(whose: string, name: string, value: string): string {
  const values = value.split(', ').map((part) => `'${part}'`);
  return `alter ${whose} set ${name} = ${values.join(', ')}`;
}

/** Gives a database settings; with a login, that login in this database alone. Connections that are there keep theirs. */
export async function giveSettings(
  database: Pick<TestDatabase, 'name' | 'url'>,
  settings: Readonly<Record<string, string>>,
  login?: string,
): Promise<void> {
  const client = new pg.Client({ connectionString: database.url('superuser') });
  await client.connect();
  try {
    const whose =
      login === undefined ? `database ${database.name}` : `role ${login} in database ${database.name}`;
    for (const [name, value] of Object.entries(settings)) await client.query(assignment(whose, name, value));
  } finally {
    await client.end();
  }
}
