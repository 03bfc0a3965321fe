import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countChangesByStatus } from '../../store/count-changes-by-status.ts';
import { getChange } from '../../store/get-change.ts';
import { listOpenChanges } from '../../store/list-open-changes.ts';
import type { OpenChangePlace } from '../../store/list-open-changes.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { change } from './change-fixture.ts';

let database: TestDatabase;
let worker: pg.Pool;
let api: pg.Pool;
let reader: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  const pool = (role: 'api' | 'worker' | 'reader'): pg.Pool =>
    makePool({ connectionString: database.url(role), applicationName: 'test', max: 20 });
  [api, worker, reader] = [pool('api'), pool('worker'), pool('reader')];
});

afterAll(async () => {
  await Promise.all([api, worker, reader].map((pool) => pool.end()));
  await database.drop();
});

test('the newest state is kept, in whatever order they come', async () => {
  const states = Array.from({ length: 20 }, (_, n) => ({ ...change(), version: n + 1 }));
  const id = randomUUID();
  await Promise.all(states.map((state) => saveChange(worker, { ...state, id })));
  expect((await getChange(api, id))?.version).toBe(20);
  const newest = await getChange(api, id);
  expect(await saveChange(worker, { ...change(), id, version: 20 })).toBe(false);
  expect(await saveChange(worker, { ...change(), id, version: 19 })).toBe(false);
  expect(await getChange(api, id)).toEqual(newest);
  expect(await saveChange(worker, { ...change(), id, version: 21 })).toBe(true);
  expect(await getChange(api, randomUUID())).toBeNull();
});

test('what has ended is not opened again, by no version', async () => {
  const ended = change({ version: 3, closedAt: '2026-11-24T10:00:00.000Z' });
  await saveChange(worker, ended);
  expect(await saveChange(worker, { ...ended, version: 4, closedAt: null })).toBe(false);
  expect(await getChange(api, ended.id)).toMatchObject({ version: 3, closedAt: ended.closedAt });
  expect(await saveChange(worker, { ...ended, version: 4, reviewStatus: 'signed' })).toBe(true);
});

test('open changes of which nothing was heard for long, longest first', async () => {
  const silent = [change(), change()];
  for (const c of silent) await saveChange(worker, c);
  const closed = change({ closedAt: '2026-11-24T10:00:00.000Z' });
  await saveChange(worker, closed);
  const { rows } = await worker.query<{ now: Date }>(`select clock_timestamp() + interval '1 ms' as now`);
  const since = rows[0]?.now.toISOString() ?? '';
  // Heard of after `since`, by the database's clock.
  const heard = change();
  do await saveChange(worker, { ...heard, version: Date.now() });
  while ((await listOpenChanges(worker, since, null, 1000)).changes.some(({ id }) => id === heard.id));
  const ids = (await listOpenChanges(worker, since, null, 1000)).changes.map(({ id }) => id);
  expect(ids.slice(-2)).toEqual(silent.map(({ id }) => id));
  expect(ids).not.toContain(closed.id);
  const walked: string[] = [];
  for (let after: OpenChangePlace | null = null; ;) {
    const { changes, next }: Awaited<ReturnType<typeof listOpenChanges>> = await listOpenChanges(
      worker,
      since,
      after,
      1,
    );
    walked.push(...changes.map(({ id }) => id));
    after = next;
    if (after === null) break;
  }
  expect(walked).toEqual(ids);
});

test('changes are counted by their statuses', async () => {
  const statuses = { decisionStatus: 'approved', executionStatus: 'paused', reviewStatus: 'owed' } as const;
  await saveChange(worker, change(statuses));
  await saveChange(worker, change(statuses));
  expect(await countChangesByStatus(reader)).toContainEqual({ ...statuses, count: 2 });
});

test('only the worker writes, and it deletes nothing but open targets and break-glass changes', async () => {
  const tables = ['change', 'idempotency_key', 'open_target', 'break_glass', 'attempt', 'call_pace'];
  for (const table of tables) {
    const column = { call_pace: 'account' }[table] ?? 'change_id';
    const name = table === 'change' ? 'version' : column;
    for (const pool of [api, reader]) {
      await pool.query(`select * from countersign.${table}`);
      for (const sql of [
        `insert into countersign.${table} default values`,
        `update countersign.${table} set ${name} = ${name}`,
        `delete from countersign.${table}`,
        `truncate countersign.${table} cascade`,
      ]) {
        await expect(pool.query(sql)).rejects.toMatchObject({ code: '42501' });
      }
    }
    if (table !== 'open_target' && table !== 'break_glass') {
      await expect(worker.query(`delete from countersign.${table}`)).rejects.toMatchObject({ code: '42501' });
    }
    await expect(worker.query(`truncate countersign.${table} cascade`)).rejects.toMatchObject({
      code: '42501',
    });
  }
  await expect(saveChange(api, change())).rejects.toMatchObject({ code: '42501' });
});
