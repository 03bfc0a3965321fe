import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { entriesOfChange } from '../../audit/entries.ts';
import { startEntryFeed } from '../../audit/follow.ts';
import { sequencePending } from '../../audit/sequence-pending.ts';
import { entryBytes } from '../../domain/entry.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { draft } from './entry-fixture.ts';

let database: TestDatabase;
let api: pg.Pool;
let worker: pg.Pool;
let signer: pg.Pool;
let superuser: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  const pool = (role: 'api' | 'worker' | 'signer' | 'superuser'): pg.Pool =>
    makePool({ connectionString: database.url(role), applicationName: 'test' });
  [api, worker, signer, superuser] = [pool('api'), pool('worker'), pool('signer'), pool('superuser')];
});

afterAll(async () => {
  await Promise.all([api, worker, signer, superuser].map((pool) => pool.end()));
  await database.drop();
});

test('the entries of a change: in order, then those without an index, a page at a time', async () => {
  const changeId = randomUUID();
  const types = ['change.requested', 'change.prechecked', 'decision.approved'] as const;
  const entries = types.map((type) => draft(type, { changeId }));
  for (const [n, entry] of entries.entries()) {
    await appendEntry(worker, entry);
    await appendEntry(worker, draft());
    if (n < 2) await sequencePending(signer, 10);
  }
  const all = await entriesOfChange(api, changeId, { limit: 10 });
  const first = all[0]?.index ?? NaN;
  expect(all.map(({ index, key, body }) => ({ index, key, body }))).toEqual([
    { index: first, ...entries[0] },
    { index: first + 2, ...entries[1] },
    { index: null, ...entries[2] },
  ]);
  expect(all.map(({ bytes }) => Buffer.from(bytes))).toEqual(
    entries.map(({ body }) => Buffer.from(entryBytes(body))),
  );
  expect(await entriesOfChange(api, changeId, { limit: 2 })).toEqual(all.slice(0, 2));
  expect(await entriesOfChange(api, changeId, { afterIndex: first, limit: 2 })).toEqual(all.slice(1));
  expect(await entriesOfChange(api, randomUUID(), { limit: 2 })).toEqual([]);
});

test('every replica that follows a change is woken, also after its connection was lost', async () => {
  const changeId = randomUUID();
  const woken = [0, 0];
  let others = 0;
  const feeds = woken.map(() => startEntryFeed({ pool: api }));
  const ends = feeds.map((feed, n) => feed.subscribe(changeId, () => (woken[n] = (woken[n] ?? 0) + 1)));
  feeds[0]?.subscribe(randomUUID(), () => (others += 1));
  const bothWoken = async (): Promise<void> => {
    while (woken.includes(0)) await api.query('select 1');
    woken.fill(0);
  };
  await bothWoken(); // They listen: whoever waited for that is woken.
  others = 0;

  let ordinal = 0;
  const append = async (): Promise<void> => {
    const entry = draft('change.requested', { changeId });
    await appendEntry(worker, { ...entry, key: `${entry.key}-${(ordinal += 1)}/change.requested/1` });
    await sequencePending(signer, 10);
  };
  await append();
  await bothWoken();
  expect(others).toBe(0);

  await superuser.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query ilike 'listen countersign_entries'`,
  );
  await append();
  await bothWoken();

  ends[0]?.();
  await append();
  while (woken[1] === 0) await api.query('select 1');
  expect(woken[0]).toBe(0);
  await Promise.all(feeds.map((feed) => feed.stop()));
});
