import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { waitForLeaderLock } from '../../audit/leader-lock.ts';
import { sequencePending } from '../../audit/sequence-pending.ts';
import { startSequencer } from '../../audit/sequencer.ts';
import type { SequencerOptions } from '../../audit/sequencer.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { draft } from './entry-fixture.ts';

let database: TestDatabase;
let worker: pg.Pool;
let signer: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  worker = makePool({ connectionString: database.url('worker'), applicationName: 'test', max: 32 });
  signer = makePool({ connectionString: database.url('signer'), applicationName: 'test' });
});

afterAll(async () => {
  await Promise.all([worker.end(), signer.end()]);
  await database.drop();
});

async function one<T>(sql: string, parameters: unknown[] = []): Promise<T> {
  const { rows } = await worker.query<{ value: T }>(sql, parameters);
  return rows[0]?.value as T;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition()));
}

/** Stopped with the test, also with one that fails. */
function sequencerOfTest(options: Omit<SequencerOptions, 'pool'>): { stop(): Promise<void> } {
  const sequencer = startSequencer({ pool: signer, ...options });
  onTestFinished(() => sequencer.stop());
  return sequencer;
}

const pending = (): Promise<number> => one('select count(*)::int as value from audit.pending');
const indexOf = (key: string): Promise<string | null> =>
  one(
    `select (select l.index from audit.leaf l join audit.entry e on e.id = l.entry_id where e.event_key = $1) as value`,
    [key],
  );

/** Contiguous from 0, one leaf an entry, and the head is their number. */
async function expectSound(): Promise<void> {
  const { rows } = await worker.query(
    `select (select count(*) from audit.entry) as entries, count(*) as leaves, count(distinct entry_id) as distinct,
            coalesce(max(index) + 1, 0) as size, min(index) as first, (select size from audit.head) as head
       from audit.leaf`,
  );
  const { entries } = rows[0] as { entries: string };
  expect(rows).toEqual([
    { entries, leaves: entries, distinct: entries, size: entries, head: entries, first: '0' },
  ]);
}

test('32 writers, some of whom roll back, and three sequencers: no gap, no fork, each once', async () => {
  const sequencers = [1, 2, 3].map(() => sequencerOfTest({ batch: 20, pollMs: 50 }));
  let committed = 0;
  const writers = Array.from({ length: 32 }, async (_, writer) => {
    for (let n = 0; n < 10; n++) {
      const rollBack = (writer + n) % 4 === 0;
      await inTransaction(worker, async (client) => {
        await appendEntry(client, draft());
        await appendEntry(client, draft());
        if (rollBack) throw new Error('rolled back');
      }).then(
        () => (committed += 2),
        (error: unknown) => expect(error).toMatchObject({ message: 'rolled back' }),
      );
    }
  });
  // Also straight past every lock of the sequencers, as a second leader would.
  const intruder = (async () => {
    for (let n = 0; n < 20; n++) await sequencePending(signer, 3);
  })();
  await Promise.all([...writers, intruder]);
  await until(async () => (await pending()) === 0);
  await Promise.all(sequencers.map((s) => s.stop()));
  expect(committed).toBe(480);
  await expectSound();
  expect(await one('select size::int as value from audit.head')).toBe(committed);
});

test('entries of one transaction, and of one after another, keep their order', async () => {
  const keys: string[] = [];
  for (let n = 0; n < 5; n++) {
    await inTransaction(worker, async (client) => {
      for (const entry of [draft(), draft()]) {
        await appendEntry(client, entry);
        keys.push(entry.key);
      }
    });
    await sequencePending(signer, 3);
  }
  await until(async () => (await sequencePending(signer, 3)) === 0);
  const indexes = await Promise.all(keys.map(async (key) => Number(await indexOf(key))));
  expect(indexes).toEqual(indexes.map((_, n) => (indexes[0] ?? 0) + n));
});

test('a sleeping sequencer is woken by an append, long before it would look by itself', async () => {
  const sequencer = sequencerOfTest({ pollMs: 600_000 });
  for (let n = 0; n < 3; n++) {
    await until(() => isLocked('sequencer asleep'));
    const entry = draft();
    await appendEntry(worker, entry);
    await until(async () => (await indexOf(entry.key)) !== null);
  }
  await sequencer.stop();
});

test('an entry whose transaction outlasts the look at the queue is not forgotten', async () => {
  const sequencer = sequencerOfTest({ pollMs: 600_000 });
  await until(() => isLocked('sequencer asleep'));
  // The sleeper is woken and, by this transaction's own lock, kept from sleeping before the late entry comes.
  const late = draft();
  await inTransaction(worker, async (client) => {
    const wakes = draft();
    await appendEntry(worker, wakes);
    await until(async () => (await indexOf(wakes.key)) !== null);
    await appendEntry(client, late);
    const next = draft();
    await appendEntry(worker, next);
    await until(async () => (await indexOf(next.key)) !== null);
    expect(await indexOf(late.key)).toBeNull();
  });
  await until(async () => (await indexOf(late.key)) !== null);
  await sequencer.stop();
});

test('another takes over when the leader loses its connection, and it comes back', async () => {
  const warnings: string[] = [];
  const log = { warn: (_: object, message: string) => void warnings.push(message) };
  const sequencers = [1, 2].map(() => sequencerOfTest({ pollMs: 50, log }));
  const superuser = new pg.Client({ connectionString: database.url('superuser') });
  await superuser.connect();
  onTestFinished(() => superuser.end());
  for (let n = 0; n < 3; n++) {
    await until(() => isLed(superuser));
    await superuser.query(
      `select pg_terminate_backend(pid) from countersign.leader where name = 'sequencer'`,
    );
    const entry = draft();
    await appendEntry(worker, entry);
    await until(async () => (await indexOf(entry.key)) !== null);
  }
  await Promise.all(sequencers.map((s) => s.stop()));
  expect(warnings.length).toBeGreaterThanOrEqual(3);
  // The server notices a closed connection a little later.
  await until(async () => !(await isLed(superuser)));
  await expectSound();
});

test('listeners learn which changes got an index', async () => {
  // Not of the pool: a failed test would leave it taken, and the pool's end would wait for it.
  const client = new pg.Client({ connectionString: database.url('reader') });
  await client.connect();
  onTestFinished(() => client.end());
  const payloads: string[] = [];
  client.on('notification', ({ payload }) => void payloads.push(payload ?? ''));
  await client.query('listen countersign_entries');
  const heard = (count: number): Promise<void> =>
    until(() => client.query('select 1').then(() => payloads.length >= count));

  const changeIds = Array.from({ length: 450 }, () => randomUUID());
  await inTransaction(worker, async (writer) => {
    for (const changeId of changeIds) await appendEntry(writer, draft('change.requested', { changeId }));
  });
  await until(async () => (await sequencePending(signer, 1000)) === 0);
  await heard(3);
  const size = await one<string>('select size as value from audit.head');
  expect(payloads.every((payload) => payload.startsWith(`${size} `) && payload.length < 8000)).toBe(true);
  expect(payloads.flatMap((payload) => payload.split(' ')[1]?.split(',')).sort()).toEqual(changeIds.sort());

  payloads.length = 0;
  await appendEntry(worker, draft('change.requested', { changeId: null }));
  await sequencePending(signer, 10);
  await heard(1);
  expect(payloads).toEqual([`${Number(size) + 1} `]);
});

async function isLed(superuser: pg.Client): Promise<boolean> {
  const { rowCount } = await superuser.query(
    `select from countersign.leader l join pg_locks k on k.pid = l.pid and k.locktype = 'advisory'
      where l.name = 'sequencer' and ((k.classid::bigint << 32) | k.objid::bigint) = l.lock_key`,
  );
  return rowCount === 1;
}

function isLocked(name: string): Promise<boolean> {
  return one(
    `select exists (
       select from pg_locks l join pg_database d on d.oid = l.database
        where l.locktype = 'advisory' and d.datname = current_database() and l.granted
          and l.mode = 'ExclusiveLock' and l.objid = (hashtext($1)::bigint & 4294967295)::oid) as value`,
    [name],
  );
}

test('a leader’s session looks for rows by index alone, whatever the statistics say', async () => {
  const client = await signer.connect();
  try {
    await waitForLeaderLock(client, {
      name: 'sequencer',
      silentMs: 10_000,
      ended: new AbortController().signal,
    });
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name in ('enable_seqscan', 'enable_hashjoin', 'enable_mergejoin')`,
    );
    expect(rows.map(({ setting }) => setting)).toEqual(['off', 'off', 'off']);
  } finally {
    client.release(true);
  }
});
