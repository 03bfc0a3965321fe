import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { formatCheckpoint } from '../../audit/checkpoint.ts';
import { rootOf } from '../../audit/merkle.ts';
import { signNote, signatureLine } from '../../audit/note.ts';
import { generateNoteKey, readNoteSigner } from '../../audit/note-key.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import { entryBytes } from '../../domain/entry.ts';
import { migrate } from '../../store/migrate.ts';
import { makePool } from '../../store/pool.ts';
import { draft } from '../audit/entry-fixture.ts';
import { emptyDatabase } from '../support/database.ts';
import type { DatabaseRole, TestDatabase } from '../support/database.ts';
import { giveSettings, strangeSettings } from '../support/strange-settings.ts';
import { schemaText } from './schema-text.ts';

async function fresh(): Promise<TestDatabase> {
  const database = await emptyDatabase();
  onTestFinished(() => database.drop());
  return database;
}

/** A session with whatever the database has set: `psql`, or somebody else's program. */
async function as<T>(
  database: TestDatabase,
  role: DatabaseRole,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: database.url(role) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

test('a database with other settings gets the same schema', async () => {
  const [usual, strange] = [await fresh(), await fresh()];
  await migrate({ databaseUrl: usual.url('migrator') });
  await giveSettings(strange, strangeSettings);
  await migrate({ databaseUrl: strange.url('migrator') });
  // Read with the same settings.
  for (const name of Object.keys(strangeSettings)) {
    await as(strange, 'superuser', (client) => client.query(`alter database ${strange.name} reset ${name}`));
  }
  expect(await schemaText(strange.url('migrator'))).toBe(await schemaText(usual.url('migrator')));
});

test('the functions of the log do the same in a session with other settings', async () => {
  const database = await fresh();
  await migrate({ databaseUrl: database.url('migrator') });
  await giveSettings(database, strangeSettings);
  const { key, body } = draft();
  const bytes = Buffer.from(entryBytes(body));
  const append = () =>
    as(database, 'worker', async (client) => {
      const { rows } = await client.query('select created from audit.append($1, $2)', [key, bytes]);
      return rows as unknown;
    });
  expect(await append()).toEqual([{ created: true }]);
  expect(await append()).toEqual([{ created: false }]);
  await as(database, 'worker', async (client) => {
    const other = Buffer.from(JSON.stringify({ v: 1, type: 'change.requested', time: '24.11.2026' }));
    await expect(
      client.query('select audit.append($1, $2)', [`x/change.requested/${randomUUID()}`, other]),
    ).rejects.toMatchObject({ code: 'CS003' });
  });
  const signer = readNoteSigner(generateNoteKey('example.com/log').privateKey);
  const witness = readNoteSigner(generateNoteKey('witness.example.com', 'cosignature/v1').privateKey);
  const reader = makePool({ connectionString: database.url('reader'), applicationName: 'test' });
  onTestFinished(() => reader.end());
  await as(database, 'signer', async (client) => {
    await client.query('select audit.sequence(500)');
    const text = formatCheckpoint({
      origin: signer.name,
      size: 1,
      root: await rootOf(1, makeTreeReader(reader)),
    });
    const root = await rootOf(1, makeTreeReader(reader));
    await client.query('select audit.publish(1, $1, $2)', [root, signNote(text, [signer])]);
    const at = new Date('2026-11-24T10:00:00Z');
    const line = signatureLine(text, witness, at.getTime()).trimEnd();
    await client.query('select audit.cosign(1, $1, $2, $3)', [witness.name, at, line]);
  });
  const { rows } = await reader.query(
    `select encode(e.leaf_hash, 'hex') = encode(sha256('\\x00'::bytea || e.bytes), 'hex') as hashed,
            to_char(e.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as time
       from audit.entry e`,
  );
  expect(rows).toEqual([{ hashed: true, time: body.time }]);
});

test('every function that runs with its owner’s rights has settings of its own', async () => {
  const database = await fresh();
  await migrate({ databaseUrl: database.url('migrator') });
  const { rows } = await as(database, 'migrator', (client) =>
    client.query<{ name: string; settings: string[] | null }>(
      `select oid::regprocedure::text as name, proconfig as settings from pg_proc
        where pronamespace in ('audit'::regnamespace, 'countersign'::regnamespace) and prosecdef`,
    ),
  );
  expect(rows.length).toBeGreaterThan(3);
  for (const { name, settings } of rows) {
    expect(settings, name).toEqual(
      expect.arrayContaining([
        'search_path=pg_catalog, pg_temp',
        'standard_conforming_strings=on',
        'DateStyle=ISO, MDY',
        'TimeZone=UTC',
      ]),
    );
  }
});
