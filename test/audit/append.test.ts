import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendEntries, appendEntry } from '../../audit/append.ts';
import { entryBytes, maxEntryBytes } from '../../domain/entry.ts';
import type { EntryDraft } from '../../domain/entry.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { draft } from './entry-fixture.ts';

let database: TestDatabase;
let worker: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  worker = makePool({ connectionString: database.url('worker'), applicationName: 'test', max: 20 });
});

afterAll(async () => {
  await worker.end();
  await database.drop();
});

function append(key: string, bytes: Uint8Array | string): Promise<pg.QueryResult> {
  return worker.query('select * from audit.append($1, $2)', [key, Buffer.from(bytes)]);
}

async function rowsOf(key: string): Promise<Record<string, unknown>[]> {
  const { rows } = await worker.query<Record<string, unknown>>(
    'select * from audit.entry where event_key = $1',
    [key],
  );
  return rows;
}

test('an entry is appended once, however often it is delivered at once', async () => {
  const entry = draft();
  const results = await Promise.all(Array.from({ length: 100 }, () => appendEntry(worker, entry)));
  expect(results.filter((r) => r.created)).toHaveLength(1);
  expect(await rowsOf(entry.key)).toHaveLength(1);
  expect(await appendEntry(worker, entry)).toEqual({ created: false });
  const { rows } = await worker.query(
    'select count(*)::int as n from audit.pending p join audit.entry e on e.id = p.entry_id where e.event_key = $1',
    [entry.key],
  );
  expect(rows).toEqual([{ n: 1 }]);
});

test('the same key with other bytes is refused, and the first stands', async () => {
  const entry = draft();
  await appendEntry(worker, entry);
  const other = { key: entry.key, body: { ...entry.body, time: '2026-11-24T09:00:00.001Z' } };
  await expect(appendEntry(worker, other)).rejects.toMatchObject({ code: 'integrity_conflict' });
  const rows = await rowsOf(entry.key);
  expect(rows.map((row) => row['bytes'])).toEqual([Buffer.from(entryBytes(entry.body))]);
});

test('of different bodies at once under one key, one stands and the rest are refused', async () => {
  const entry = draft();
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => appendEntry(worker, { key: entry.key, body: { ...entry.body, n } })),
  );
  expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
  const reasons = results.flatMap((r) =>
    r.status === 'rejected' ? [(r.reason as { code: string }).code] : [],
  );
  expect(reasons).toEqual(Array.from({ length: 19 }, () => 'integrity_conflict'));
  expect(await rowsOf(entry.key)).toHaveLength(1);
});

async function commitsOf(entries: readonly EntryDraft[]): Promise<number | undefined> {
  const { rows } = await worker.query<{ commits: number }>(
    'select count(distinct xmin::text)::int as commits from audit.entry where event_key = any($1)',
    [entries.map(({ key }) => key)],
  );
  return rows[0]?.commits;
}

test('entries that come at once share statements, and none is refused for the sake of another', async () => {
  const first = draft();
  const rest = Array.from({ length: 39 }, () => draft());
  const other = { key: first.key, body: { ...first.body, time: '2026-11-24T09:00:00.001Z' } };
  const results = await Promise.allSettled(
    [first, ...rest, other, { ...first, key: 'x' }].map((entry) => appendEntry(worker, entry)),
  );
  const stands = { status: 'fulfilled', value: { created: true } };
  expect(results.slice(0, 40)).toEqual(Array.from({ length: 40 }, () => stands));
  expect(results.slice(40)).toMatchObject([
    { status: 'rejected', reason: { code: 'integrity_conflict' } },
    { status: 'rejected', reason: { code: 'invalid_request' } },
  ]);
  // One statement of 32; of the second two are refused, so the others of it went one by one.
  expect(await commitsOf([first, ...rest])).toBe(9);
  const good = Array.from({ length: 40 }, () => draft());
  await Promise.all(good.map((entry) => appendEntry(worker, entry)));
  expect(await commitsOf(good)).toBe(2);
});

test('entries of one statement are in its order, all of them or none', async () => {
  const entries = [draft(), draft(), draft()].sort((a, b) => (a.key < b.key ? 1 : -1));
  const broken = { ...draft(), key: 'x' };
  await expect(appendEntries(worker, [...entries, broken])).rejects.toMatchObject({
    code: 'invalid_request',
  });
  const keys = entries.map(({ key }) => key);
  const ask = () =>
    worker.query<{ key: string }>(
      'select event_key as key from audit.entry where event_key = any($1) order by id',
      [keys],
    );
  expect((await ask()).rows).toEqual([]);
  const created = [{ created: true }, { created: true }, { created: true }];
  expect(await appendEntries(worker, entries)).toEqual(created);
  expect((await ask()).rows.map(({ key }) => key)).toEqual(keys);
  expect(await appendEntries(worker, [])).toEqual([]);
});

test('an entry of a transaction that is rolled back was never there', async () => {
  const entry = draft();
  await expect(
    inTransaction(worker, async (client) => {
      expect(await appendEntry(client, entry)).toEqual({ created: true });
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  expect(await rowsOf(entry.key)).toEqual([]);
  expect(await appendEntry(worker, entry)).toEqual({ created: true });
});

test('exactly the bytes are stored, with the leaf hash of RFC 6962', async () => {
  const entry = draft('change.requested', { text: 'é 𝒜 "\\', b: 1, a: [true, null] });
  await appendEntry(worker, entry);
  const bytes = Buffer.from(entryBytes(entry.body));
  const hash = createHash('sha256').update(Buffer.of(0)).update(bytes).digest();
  expect(await rowsOf(entry.key)).toMatchObject([{ bytes, leaf_hash: hash }]);
});

test('an entry has at most 32 KiB', async () => {
  const entry = draft();
  const empty = entryBytes({ ...entry.body, text: '' }).length;
  const bytes = entryBytes({ ...entry.body, text: 'x'.repeat(maxEntryBytes - empty) });
  expect(bytes).toHaveLength(32_768);
  await append(entry.key, bytes);
  const more = Buffer.from(bytes).toString().replace('"text":"', '"text":"x');
  await expect(append(draft().key, more)).rejects.toMatchObject({ code: 'CS003' });
  const long = draft('change.requested', { text: 'x'.repeat(maxEntryBytes) });
  await expect(appendEntry(worker, long)).rejects.toMatchObject({ code: 'invalid_request' });
});

test('the columns are derived from the bytes', async () => {
  const changeId = randomUUID();
  const person = { issuer: 'https://id.example', subject: 'bob smith' };
  const entry = draft('attempt.failed', {
    changeId,
    actor: person,
    outcome: 'failed',
    requestId: 'R-1',
    time: '2026-02-28T23:59:59.999Z',
  });
  await appendEntry(worker, entry);
  expect(await rowsOf(entry.key)).toMatchObject([
    {
      type: 'attempt.failed',
      change_id: changeId,
      actor: 'https://id.example bob smith',
      outcome: 'failed',
      request_id: 'R-1',
      time: new Date('2026-02-28T23:59:59.999Z'),
    },
  ]);
  const closed = draft('change.closed', { changeId: null, outcome: { code: 'succeeded', requestId: 'R-2' } });
  await appendEntry(worker, closed);
  expect(await rowsOf(closed.key)).toMatchObject([
    { change_id: null, actor: 'test', outcome: 'succeeded', request_id: 'R-2' },
  ]);
  const failed = draft('attempt.failed', { attempt: { code: 'InternalError', requestId: 'R-3' } });
  await appendEntry(worker, failed);
  expect(await rowsOf(failed.key)).toMatchObject([{ outcome: 'InternalError', request_id: 'R-3' }]);
});

const type = 'change.requested';
const time = '2026-11-24T09:00:00.000Z';
test.each([
  ['no JSON', '{'],
  ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['no object', '[1]'],
  ['U+0000', JSON.stringify({ v: 1, type, time, text: '\u0000' })],
  ['a duplicate key', `{"v":1,"type":"${type}","time":"${time}","a":1,"a":2}`],
  ['a duplicate key within', `{"v":1,"type":"${type}","time":"${time}","a":{"b":1,"b":2}}`],
  ['another version', JSON.stringify({ v: 2, type, time })],
  ['no time', JSON.stringify({ v: 1, type })],
  ['a time without milliseconds', JSON.stringify({ v: 1, type, time: '2026-11-24T09:00:00Z' })],
  ['no such day', JSON.stringify({ v: 1, type, time: '2026-02-30T09:00:00.000Z' })],
  ['no such change id', JSON.stringify({ v: 1, type, time, changeId: 'x' })],
  ['a change id that is a number', JSON.stringify({ v: 1, type, time, changeId: 1 })],
])('what is no entry is refused: %s', async (_, bytes) => {
  await expect(append(`x/${type}/${randomUUID()}`, bytes)).rejects.toMatchObject({ code: 'CS003' });
});

test('a type that nobody has is refused', async () => {
  for (const wrong of ['change.invented', 7, null]) {
    const bytes = JSON.stringify({ v: 1, type: wrong, time });
    await expect(append(`x/${wrong}/1`, bytes)).rejects.toMatchObject({ code: 'CS002' });
  }
});

test('a key names its type, so that nobody takes the key of another type', async () => {
  const entry = draft();
  for (const key of ['', 'x'.repeat(513), `default/change-1/attempt.started/1`, `default/${type}x/1`]) {
    await expect(appendEntry(worker, { ...entry, key })).rejects.toMatchObject({ code: 'invalid_request' });
  }
});

test('a database that gives no answer is log_unavailable', async () => {
  const nowhere = makePool({ connectionString: 'postgres://x@127.0.0.1:1/x', applicationName: 'test' });
  await expect(appendEntry(nowhere, draft())).rejects.toMatchObject({ code: 'log_unavailable' });
  await nowhere.end();
  await expect(
    inTransaction(worker, async (client) => {
      await client.query('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
      await appendEntry(client, draft());
    }),
  ).rejects.toMatchObject({ code: 'log_unavailable' });
});
