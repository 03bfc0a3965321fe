import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { checkServer } from '../../audit/check-server.ts';
import { rootOf } from '../../audit/merkle.ts';
import { sequencePending } from '../../audit/sequence-pending.ts';
import { startSequencer } from '../../audit/sequencer.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import type { DatabaseRole } from '../support/database.ts';
import { draft } from './entry-fixture.ts';
import { makeLog } from './log-fixture.ts';
import type { TestLog } from './log-fixture.ts';
import type { LogTask } from './log-process.ts';
import { readerOf } from './memory-tree.ts';

let log: TestLog;

beforeAll(async () => {
  log = await makeLog();
  await log.grow(260);
  await log.seal({ cosigned: true });
  await log.grow(1);
  await appendEntry(log.worker, draft());
});

afterAll(() => log.drop());

/** Somebody's session, ended with the test; whatever it has not committed is undone. */
async function session(role: DatabaseRole): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: log.database.url(role) });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const tables = ['entry', 'pending', 'leaf', 'head', 'tile', 'checkpoint', 'cosignature'];
const columns: Record<string, string> = {
  entry: 'bytes',
  pending: 'entry_id',
  head: 'size',
  cosignature: 'line',
};
const edits = tables.flatMap((table) => {
  const column = columns[table] ?? (table === 'leaf' ? 'entry_id' : 'root');
  return [
    `update audit.${table} set ${column} = ${column}`,
    `delete from audit.${table}`,
    `truncate audit.${table} cascade`,
  ];
});
/** An edit of the head that changes nothing is none. */
const refused = edits.filter((sql) => !sql.startsWith('update audit.head'));

describe('the database itself notices', () => {
  test.each(['api', 'worker', 'signer', 'reader'] as const)(
    'edits by the %s, who has no right to',
    async (role) => {
      const client = await session(role);
      for (const sql of [
        ...edits,
        ...tables.flatMap((table) => [
          `drop table audit.${table} cascade`,
          `alter table audit.${table} disable trigger all`,
          `insert into audit.${table} overriding system value select * from audit.${table}`,
        ]),
        'drop trigger leaf_never_changes on audit.leaf',
        'drop schema audit cascade',
        'set session_replication_role = replica',
      ]) {
        await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
      }
    },
  );

  test.each([
    ['the owner', 'migrator', []],
    ['a superuser', 'superuser', []],
    ['a superuser, as a replica', 'superuser', ['set session_replication_role = replica']],
  ] as const)('edits by %s, who has the right', async (_, role, first) => {
    const client = await session(role);
    for (const sql of first) await client.query(sql);
    for (const sql of refused) await expect(client.query(sql)).rejects.toMatchObject({ code: 'CS004' });
    await expect(client.query('update audit.head set size = size + 1')).rejects.toMatchObject({
      code: 'CS004',
    });
    await expect(client.query('update audit.head set size = size - 1')).rejects.toMatchObject({
      code: 'CS004',
    });
  });

  test('an index given twice, or an entry put into the log twice', async () => {
    const client = await session('superuser');
    for (const sql of [
      'insert into audit.leaf select index, entry_id + 1 from audit.leaf where index = 5',
      'insert into audit.leaf select 5000, entry_id from audit.leaf where index = 5',
      `insert into audit.checkpoint select size, sha256(''), note from audit.checkpoint`,
      'insert into audit.tile select * from audit.tile',
    ]) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: '23505' });
    }
    // A hash that is not that of its bytes.
    await expect(
      client.query(
        `insert into audit.entry (event_key, bytes, leaf_hash, type, time) values ('k', '{}', sha256('{}'), 'x', now())`,
      ),
    ).rejects.toMatchObject({ code: '23514' });
  });
});

describe('the owner can take the guards away, and every process refuses to start then', () => {
  test.each([
    'alter table audit.leaf disable trigger leaf_never_changes',
    'alter table audit.entry disable trigger user',
    'alter table audit.tile enable trigger tile_never_truncated',
    'alter table audit.head enable replica trigger head_never_deleted',
    'drop trigger checkpoint_never_changes on audit.checkpoint',
    'drop trigger pending_never_truncated on audit.pending',
  ])('%s', async (sql) => {
    const owner = await session('migrator');
    await expect(checkServer(log.worker)).resolves.toBeUndefined();
    await owner.query(sql);
    try {
      await expect(checkServer(log.worker)).rejects.toMatchObject({ code: 'invalid_configuration' });
    } finally {
      await repair(owner);
    }
    await expect(checkServer(log.worker)).resolves.toBeUndefined();
  });

  async function repair(owner: pg.Client): Promise<void> {
    await owner.query(
      `create or replace trigger checkpoint_never_changes before update or delete on audit.checkpoint
         for each row execute function audit.refuse();
       create or replace trigger pending_never_truncated before truncate on audit.pending
         for each statement execute function audit.refuse()`,
    );
    for (const { name } of (
      await owner.query<{ name: string }>(
        `select format('%s enable always trigger %I', t.tgrelid::regclass, t.tgname) as name from pg_trigger t
          join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'audit'::regnamespace and not t.tgisinternal`,
      )
    ).rows) {
      await owner.query(`alter table ${name}`);
    }
  }
});

describe('several processes', () => {
  function start(task: LogTask): ChildProcess {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'log-process.ts'), JSON.stringify(task)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
    return child;
  }

  async function outputOf(child: ChildProcess): Promise<string> {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(0);
    return output;
  }

  async function one<T>(sql: string): Promise<T> {
    const { rows } = await log.reader.query<{ value: T }>(sql);
    return rows[0]?.value as T;
  }
  const pending = (): Promise<number> => one('select count(*)::int as value from audit.pending');
  const size = async (): Promise<number> => Number(await one('select size as value from audit.head'));

  async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition()));
  }

  /** No gap, no fork, each once, and the tree that of the leaves. */
  async function expectSound(): Promise<void> {
    const { rows } = await log.reader.query<{ index: string; leaf_hash: Buffer }>(
      'select l.index, e.leaf_hash from audit.leaf l join audit.entry e on e.id = l.entry_id order by l.index',
    );
    expect(rows.map((row) => Number(row.index))).toEqual(rows.map((_, n) => n));
    expect(await size()).toBe(rows.length);
    expect(await one('select count(*)::int as value from audit.entry')).toBe(rows.length);
    const leaves = rows.map((row) => row.leaf_hash);
    const root = await rootOf(leaves.length, makeTreeReader(log.reader));
    expect(root).toEqual(await rootOf(leaves.length, readerOf(leaves)));
  }

  test('32 writers in two of them, some of whom roll back, all of whom deliver one event: no gap, no fork, each once', async () => {
    while ((await sequencePending(log.sequencer, 500)) > 0);
    const before = await size();
    const shared = draft();
    const task = { does: 'write', url: log.database.url('worker'), writers: 16, each: 8, shared } as const;
    const sequencers = [1, 2].map(() => startSequencer({ pool: log.sequencer, batch: 30, pollMs: 50 }));
    onTestFinished(async () => {
      await Promise.all(sequencers.map((sequencer) => sequencer.stop()));
    });
    const said = await Promise.all([outputOf(start(task)), outputOf(start(task))]);
    const results = said.map((text) => JSON.parse(text) as { committed: number; created: number });
    await until(async () => (await pending()) === 0);
    // 256 deliveries of the shared one made one entry.
    expect(results.map(({ created }) => created).sort()).toEqual([0, 1]);
    const committed = results.reduce((sum, result) => sum + result.committed, 0);
    expect(committed).toBe(2 * 2 * 16 * 6);
    expect(await size()).toBe(before + committed + 1);
    await expectSound();
  });

  test('of two sequencers one is stopped, the other takes over, and the first, resumed, spoils nothing', async () => {
    const first = start({ does: 'sequence', url: log.database.url('signer') });
    await once(first.stdout as NonNullable<typeof first.stdout>, 'data');
    await appendEntry(log.worker, draft());
    await until(async () => (await pending()) === 0);
    const warnings: string[] = [];
    first.kill('SIGSTOP');
    const second = startSequencer({
      pool: log.sequencer,
      batch: 20,
      pollMs: 50,
      log: { warn: (_, message) => void warnings.push(message) },
    });
    onTestFinished(() => second.stop());
    for (let n = 0; n < 50; n++) await appendEntry(log.worker, draft());
    await until(async () => (await pending()) === 0);
    first.kill('SIGCONT');
    for (let n = 0; n < 50; n++) await appendEntry(log.worker, draft());
    await until(async () => (await pending()) === 0);
    expect(warnings).toEqual([]);
    await expectSound();
  });
});
