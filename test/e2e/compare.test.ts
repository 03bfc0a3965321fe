import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchStored } from '../../activities/watch-stored.ts';
import type { WatchPlace } from '../../activities/watch-stored.ts';
import { makePool } from '../../store/pool.ts';
import { decide, inMs, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* What Postgres keeps of a change beside the log is what its entries make it; whoever edits it is found. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let superuser: Pool;
let worker: Pool;
let steps: Steps;
let ids: { succeeded: string; rejected: string; open: string };

beforeAll(async () => {
  testbed = await startTestbed();
  const pool = (role: 'superuser' | 'worker') =>
    makePool({ connectionString: testbed.database.url(role), applicationName: `test ${role}` });
  [superuser, worker] = [pool('superuser'), pool('worker')];
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
  steps = stepsOf(api);
  const sn = await testbed.certificate();
  await testbed.fault(sn, { kind: 'error' });
  const succeeded = await steps.ended((await steps.approved(sn)).id);
  expect(succeeded).toMatchObject({ executionStatus: 'succeeded', attempts: [{}, {}] });
  const rejected = await decide(api.users.bob, await steps.asked(await testbed.certificate()), 'reject');
  await steps.ended(rejected.id);
  const open = await steps.approved(await testbed.certificate(), { executeAfter: inMs(3_600_000) });
  ids = { succeeded: succeeded.id, rejected: rejected.id, open: open.id };
  expect(await replayAll(testbed)).toBe(3);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await superuser.end();
  await worker.end();
  await testbed.stop();
});

/** What `countersign audit compare` prints and ends with, as the log's reader. */
function compare(
  ...args: string[]
): Promise<{ code: number; result: { compared: number; differences: Found[] } }> {
  const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
  const env = {
    ...process.env,
    DATABASE_URL: testbed.database.url('reader'),
    COUNTERSIGN_HOME: testbed.home,
  };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [main, '--json', 'audit', 'compare', ...args],
      { env },
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : 0;
        if (stdout === '') reject(new Error(stderr));
        else resolve({ code, result: JSON.parse(stdout) as Awaited<ReturnType<typeof compare>>['result'] });
      },
    );
  });
}

interface Found {
  readonly changeId: string;
  readonly fields: { readonly field: string; readonly logged: unknown; readonly stored: unknown }[];
}

describe('countersign audit compare', () => {
  test('finds nothing where nobody has edited anything', async () => {
    expect(await compare()).toEqual({ code: 0, result: { compared: 3, rules: 0, differences: [] } });
    expect(await compare('--change', ids.open)).toMatchObject({ code: 0, result: { compared: 1 } });
  });

  test.each<[string, (id: typeof ids) => [string, string], string]>([
    [
      'a status',
      ({ rejected }) => [
        `update countersign.change set document = jsonb_set(document, '{decisionStatus}', '"approved"') where id = $1`,
        rejected,
      ],
      'change.decisionStatus',
    ],
    [
      'a version',
      ({ open }) => ['update countersign.change set version = version + 1 where id = $1', open],
      'change.version',
    ],
    [
      'a member that nobody told',
      ({ open }) => [
        `update countersign.change set document = document || '{"note":"x"}' where id = $1`,
        open,
      ],
      'change.note',
    ],
    [
      'an end',
      ({ rejected }) => ['update countersign.change set closed_at = null where id = $1', rejected],
      'change.closedAt',
    ],
    [
      'an end that readers are shown',
      ({ rejected }) => [
        `update countersign.change set document = jsonb_set(document, '{closedAt}', 'null') where id = $1`,
        rejected,
      ],
      'change.closedAt',
    ],
    [
      'a change that is gone',
      ({ succeeded }) => ['delete from countersign.change where id = $1', succeeded],
      'change',
    ],
    [
      'an attempt that is gone',
      ({ succeeded }) => ['delete from countersign.attempt where change_id = $1 and ordinal = 1', succeeded],
      'attempt.1',
    ],
    [
      'a RequestId',
      ({ succeeded }) => [
        `update countersign.attempt set request_id = 'r' where change_id = $1 and ordinal = 2`,
        succeeded,
      ],
      'attempt.2.requestId',
    ],
    [
      'the target of an attempt',
      ({ succeeded }) => [
        `update countersign.attempt set target = 't' where change_id = $1 and ordinal = 1`,
        succeeded,
      ],
      'attempt.1.target',
    ],
    [
      'a target that is free',
      ({ open }) => ['delete from countersign.open_target where change_id = $1', open],
      'target',
    ],
    [
      'a key',
      ({ open }) => [`update countersign.idempotency_key set body_digest = 'x' where change_id = $1`, open],
      'key.bodyDigest',
    ],
    [
      'another key',
      ({ open }) => [
        `insert into countersign.idempotency_key (issuer, subject, key, change_id, body_digest)
          values ('https://elsewhere', 'erin', 'k', $1, 'x')`,
        open,
      ],
      'key',
    ],
    [
      'a ticket that is held',
      ({ open }) => [
        `insert into countersign.open_ticket (system, ticket, change_id) values ('jira', 'OPS-1', $1)`,
        open,
      ],
      'ticket',
    ],
    [
      'a break-glass that was none',
      ({ open }) => [
        `insert into countersign.break_glass (issuer, subject, change_id) values ('https://elsewhere', 'erin', $1)`,
        open,
      ],
      'break_glass',
    ],
  ])('names %s that somebody has edited', async (_name, edit, field) => {
    const [sql, id] = edit(ids);
    const client = await superuser.connect();
    try {
      await client.query('set session_replication_role = replica');
      const before = await rowsOf(id);
      expect((await client.query(sql, [id])).rowCount).toBe(1);
      const { code, result } = await compare();
      expect(code).toBe(1);
      expect(result.differences).toHaveLength(1);
      expect(result.differences[0]).toMatchObject({ changeId: id });
      expect(result.differences[0]?.fields.map((one) => one.field)).toContain(field);
      await restore(id, before);
    } finally {
      client.release(true);
    }
    expect((await compare('--change', id)).code).toBe(0);
  });

  test('names what is held for a change that there is not', async () => {
    const id = randomUUID();
    const client = await superuser.connect();
    try {
      await client.query('set session_replication_role = replica');
      await client.query(`insert into countersign.open_target (target, change_id) values ('blocked', $1)`, [
        id,
      ]);
      const { code, result } = await compare();
      expect([code, result.differences]).toEqual([
        1,
        [{ changeId: id, fields: [{ field: 'target', logged: null, stored: 'blocked' }] }],
      ]);
      await client.query('delete from countersign.open_target where change_id = $1', [id]);
    } finally {
      client.release(true);
    }
  });

  test('names an entry that is none any more, and goes on to the others', async () => {
    const status = `update countersign.change set document = jsonb_set(document, '{justification}', $2) where id = $1`;
    await superuser.query(`create table public.kept_entries as select * from audit.entry`);
    await superuser.query('alter table audit.entry disable trigger all');
    const before = await rowsOf(ids.rejected);
    try {
      const { rowCount } = await superuser.query(
        `update audit.entry set bytes = 'oops', leaf_hash = sha256('\\x00'::bytea || 'oops')
          where change_id = $1 and type = 'change.requested'`,
        [ids.open],
      );
      expect(rowCount).toBe(1);
      await superuser.query(status, [ids.rejected, '"other"']);
      const { code, result } = await compare();
      expect(code).toBe(1);
      const named = Object.fromEntries(
        result.differences.map(({ changeId, fields }) => [changeId, fields.map(({ field }) => field)]),
      );
      expect(named).toEqual({ [ids.open]: ['entries'], [ids.rejected]: ['change.justification'] });
    } finally {
      await superuser.query(
        `update audit.entry e set bytes = k.bytes, leaf_hash = k.leaf_hash from public.kept_entries k where k.id = e.id`,
      );
      await superuser.query('alter table audit.entry enable trigger all');
      await restore(ids.rejected, before);
    }
    expect((await compare()).code).toBe(0);
  });
});

test('a change that there is not is no change that is the same', async () => {
  expect(await compare('--change', randomUUID())).toMatchObject({ code: 2, result: { code: 'not_found' } });
});

test('names an entry that was cut out of the tree', async () => {
  const cut = `create table public.kept_leaf as select l.* from audit.leaf l join audit.entry e on e.id = l.entry_id
    where e.change_id = $1 and e.type = 'change.requested'`;
  await superuser.query(cut.replace('$1', `'${ids.open}'`));
  await superuser.query('alter table audit.leaf disable trigger all');
  try {
    await superuser.query('delete from audit.leaf where index in (select index from public.kept_leaf)');
    const { code, result } = await compare();
    expect([code, result.differences]).toEqual([
      1,
      [
        {
          changeId: ids.open,
          fields: [
            {
              field: 'entries',
              logged: 'it is not in the tree',
              stored: expect.stringMatching(/^change\.requested of 20/) as string,
            },
          ],
        },
      ],
    ]);
  } finally {
    await superuser.query('insert into audit.leaf select * from public.kept_leaf');
    await superuser.query('alter table audit.leaf enable trigger all');
  }
  expect((await compare()).code).toBe(0);
});

test('changes under one policy share its entry; without it none of them can be folded, and each says so', async () => {
  const kept = `create table public.kept as select * from audit.entry where type = 'policy.pinned'`;
  expect((await superuser.query(kept)).rowCount).toBe(1);
  await superuser.query('alter table audit.entry disable trigger all');
  try {
    await superuser.query(`delete from audit.entry where type = 'policy.pinned'`);
    const { code, result } = await compare();
    expect(code).toBe(1);
    expect(result.differences.map(({ changeId }) => changeId).sort()).toEqual(Object.values(ids).sort());
    for (const { fields } of result.differences) expect(fields).toMatchObject([{ field: 'entries' }]);
  } finally {
    await superuser.query('insert into audit.entry overriding system value select * from public.kept');
    await superuser.query('alter table audit.entry enable trigger all');
  }
  expect((await compare()).code).toBe(0);
});

test('a worker finds it by itself: one entry and one alarm a day for one difference', async () => {
  const alarms: unknown[] = [];
  let today = Date.parse('2026-11-29T10:00:00.000Z');
  const deps = {
    pool: worker,
    verifyEntry: () => true,
    namespace: testbed.namespace,
    now: () => today,
    alarm: (code: string, _message: string, details?: object) => void alarms.push({ code, ...details }),
  };
  const place: WatchPlace = { entryId: null, changeId: null };
  expect(await watchStored(deps, place)).toBe(0);
  // From now on, what moves is looked at.
  expect(place.entryId).toMatch(/^\d+$/);
  const before = await rowsOf(ids.rejected);
  await superuser.query(
    `update countersign.change set document = jsonb_set(document, '{justification}', '"other"') where id = $1`,
    [ids.rejected],
  );
  expect(await watchStored(deps, place)).toBe(1);
  expect(await watchStored(deps, place)).toBe(0);
  expect(alarms).toEqual([{ code: 'stored_change_differs', changeId: ids.rejected }]);
  const { rows } = await superuser.query<{ body: object }>(
    `select convert_from(bytes, 'UTF8')::jsonb as body from audit.entry where type = 'integrity.mismatch'`,
  );
  expect(rows).toMatchObject([
    { body: { changeId: ids.rejected, fields: [{ field: 'change.justification', stored: '"other"' }] } },
  ]);
  // Whoever has put it right, and edits it again another day.
  today += 86_400_000;
  place.changeId = null;
  expect(await watchStored(deps, place)).toBe(1);
  expect(alarms).toHaveLength(2);
  await restore(ids.rejected, before);
});

test('a worker tells of a member whose name is cut within a character', async () => {
  const alarm: unknown[] = [];
  const deps = {
    pool: worker,
    verifyEntry: () => true,
    namespace: testbed.namespace,
    alarm: (_code: string, _message: string, details?: object) => void alarm.push(details),
  };
  const before = await rowsOf(ids.rejected);
  const name = `${'x'.repeat(199 - 'change.'.length)}😀`;
  await superuser.query(
    `update countersign.change set document = document || jsonb_build_object($2::text, 1) where id = $1`,
    [ids.rejected, name],
  );
  expect(await watchStored(deps, { entryId: null, changeId: null })).toBe(1);
  expect(alarm).toEqual([{ changeId: ids.rejected }]);
  await restore(ids.rejected, before);
});

const tables = ['attempt', 'idempotency_key', 'open_target', 'open_ticket', 'break_glass'] as const;

/** Every row that is kept of a change, as JSON. */
async function rowsOf(id: string): Promise<Record<string, unknown[]>> {
  const read = async (table: string, column: string) =>
    (
      await superuser.query<{ row: unknown }>(
        `select to_jsonb(t) as row from countersign.${table} t where ${column} = $1`,
        [id],
      )
    ).rows.map(({ row }) => row);
  const rows = Object.fromEntries(
    await Promise.all(tables.map(async (table) => [table, await read(table, 'change_id')] as const)),
  );
  return { ...rows, change: await read('change', 'id') };
}

async function restore(id: string, rows: Record<string, unknown[]>): Promise<void> {
  const { rows: named } = await superuser.query<{ columns: string }>(
    `select string_agg(quote_ident(column_name), ', ') as columns from information_schema.columns
      where table_schema = 'countersign' and table_name = 'change' and is_generated = 'NEVER'`,
  );
  const columns = named[0]?.columns ?? '';
  await superuser.query(
    `insert into countersign.change (${columns})
      select ${columns} from jsonb_populate_record(null::countersign.change, $1) on conflict do nothing`,
    [JSON.stringify(rows['change']?.[0])],
  );
  for (const table of tables) {
    await superuser.query(`delete from countersign.${table} where change_id = $1`, [id]);
    for (const row of rows[table] ?? []) {
      await superuser.query(
        `insert into countersign.${table} select * from jsonb_populate_record(null::countersign.${table}, $1)`,
        [JSON.stringify(row)],
      );
    }
  }
  const [change] = rows['change'] as [{ document: object; version: number; closed_at: string | null }];
  await superuser.query(
    'update countersign.change set document = $2, version = $3, closed_at = $4 where id = $1',
    [id, JSON.stringify(change.document), change.version, change.closed_at],
  );
}
