import { execFile } from 'node:child_process';
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
    expect(await compare()).toEqual({ code: 0, result: { compared: 3, differences: [] } });
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

test('a worker finds it by itself: one entry and one alarm for one difference', async () => {
  const alarms: unknown[] = [];
  const deps = {
    pool: worker,
    namespace: testbed.namespace,
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
  await restore(ids.rejected, before);
});

const tables = ['attempt', 'idempotency_key', 'open_target'] as const;

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
