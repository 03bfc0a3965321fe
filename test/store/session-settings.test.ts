import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import pg from 'pg';
import { prepareSession, sessionSettings } from '../../store/session-settings.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

/** What a database may have been given by somebody who knows nothing of Countersign. */
export const strangeSettings: Readonly<Record<string, string>> = {
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
};

let database: TestDatabase;
beforeAll(async () => {
  database = await cloneDatabase();
});
afterAll(() => database.drop());

async function asSuperuser(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url('superuser') });
  await client.connect();
  await client.query(text);
  await client.end();
}

test('a session has the settings that it relies on, whatever the database was given', async () => {
  for (const [name, value] of Object.entries(strangeSettings)) {
    await asSuperuser(`alter database ${database.name} set ${name} = '${value.replaceAll(', ', "', '")}'`);
  }
  const pool = makePool({ connectionString: database.url('api'), applicationName: 'test' });
  try {
    const { rows } = await pool.query<{ name: string; value: string }>(
      'select name, current_setting(name) as value from unnest($1::text[]) as s (name)',
      [Object.keys(sessionSettings)],
    );
    expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual(sessionSettings);
    const { rows: read } = await pool.query(
      `select '2026-11-24T09:00:00Z'::timestamptz as time, '\\x00ff'::bytea as bytes, 0.1::float8 as number`,
    );
    expect(read).toEqual([
      { time: new Date('2026-11-24T09:00:00Z'), bytes: Buffer.from([0, 255]), number: 0.1 },
    ]);
  } finally {
    await pool.end();
  }
});

test('a commit is durable, whatever the role is given while the process runs', async () => {
  const role = new URL(database.url('api')).username;
  const pool = makePool({ connectionString: database.url('api'), applicationName: 'test' });
  try {
    for (const [given, expected] of [
      ['off', 'on'],
      ['remote_apply', 'remote_apply'],
      ['local', 'local'],
    ]) {
      await asSuperuser(
        `alter role "${role}" in database ${database.name} set synchronous_commit = '${given}'`,
      );
      const client = await pool.connect();
      const { rows } = await client.query<{ value: string }>(
        `select current_setting('synchronous_commit') as value`,
      );
      client.release(true);
      expect(rows).toEqual([{ value: expected }]);
    }
  } finally {
    await pool.end();
    await asSuperuser(`alter role "${role}" in database ${database.name} reset synchronous_commit`);
  }
});

test('a setting that does not stay is named', async () => {
  const client = new pg.Client({ connectionString: database.url('api') });
  await client.connect();
  try {
    const name = `countersign.${randomUUID().slice(0, 8).replace(/^\d/, 'x')}`;
    // Read back as something else than it was asked for.
    await expect(prepareSession(client, { statement_timeout: '30000', [name]: 'x' })).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('statement_timeout: expected 30000, got 30s') as string,
    });
  } finally {
    await client.end();
  }
});
