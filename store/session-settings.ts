import type { ClientBase } from 'pg';
import { CountersignError } from '../domain/error.ts';

/**
 * What every session of ours relies on, whatever is set for the server, the database, the role or by a pooler. Times,
 * numbers and bytes are read in one form only, names are looked up in no schema of somebody else, and nothing waits without
 * end. Each value as `current_setting` shows it.
 *
 * `default_transaction_read_only` is not among them: whoever sets it wants no writes.
 */
export const sessionSettings = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  transform_null_equals: 'off',
  array_nulls: 'on',
  extra_float_digits: '1',
  search_path: 'pg_catalog, pg_temp',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  statement_timeout: '30s',
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '1min',
  idle_session_timeout: '0',
} as const;

/** Settings under their names. */
export type Settings = Readonly<Record<string, string>>;

/** For the set-up of a connection, ms; a server that does not answer is given up. */
const answerWithinMs = 5_000;

/**
 * Sets what a new connection relies on and reads it back in a transaction of its own.
 *
 * A commit is what it says, too: `synchronous_commit` off, which a role or a database may be given at any time, becomes on,
 * and no later change of the server's reaches the session. What promises more than on stays.
 *
 * @throws CountersignError `invalid_configuration` naming each setting that is another one; errors of Postgres as they are
 */
export async function prepareSession(
  client: ClientBase,
  settings: Settings = sessionSettings,
): Promise<void> {
  const names = Object.keys(settings);
  const values = Object.values(settings);
  const ask = (text: string, parameters: unknown[]) =>
    client.query<{ name: string; value: string }>({
      text,
      values: parameters,
      ...{ query_timeout: answerWithinMs },
    });
  await ask(
    'select set_config(s.name, s.value, false) from unnest($1::text[], $2::text[]) as s (name, value)',
    [names, values],
  );
  await ask(
    `select set_config('synchronous_commit', case v when 'off' then 'on' else v end, false)
       from current_setting('synchronous_commit') as s (v)`,
    [],
  );
  const { rows } = await ask(
    'select s.name, current_setting(s.name) as value from unnest($1::text[]) as s (name)',
    [names],
  );
  const wrong = rows.filter(({ name, value }) => settings[name] !== value);
  if (wrong.length === 0) return;
  const told = wrong.map(({ name, value }) => `${name}: expected ${settings[name] ?? ''}, got ${value}`);
  throw new CountersignError(
    'invalid_configuration',
    `settings of the Postgres session do not stay as they were set: ${told.join('; ')}`,
  );
}
