import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { countAttemptsOfPeriod } from '../../store/count-attempts-of-period.ts';
import { countOutcomesOfPeriod } from '../../store/count-outcomes-of-period.ts';
import { countStatusesOfPeriod } from '../../store/count-statuses-of-period.ts';
import type { Period } from '../../store/period.ts';
import { makePool } from '../../store/pool.ts';
import type { Queryable } from '../../store/queryable.ts';
import { readApprovalWaits } from '../../store/read-approval-waits.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { change } from './change-fixture.ts';

let database: TestDatabase;
let api: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  api = makePool({ connectionString: database.url('api'), applicationName: 'test' });
  const superuser = makePool({ connectionString: database.url('superuser'), applicationName: 'test' });
  const approval = {
    decision: 'approve',
    counts: true,
    at: '2026-01-01T12:00:00.000Z',
    person: { subject: 'b' },
  };
  await superuser.query(
    `insert into countersign.change (id, version, document, submitted_at)
     select i.id, 1, jsonb_set(jsonb_set($1::jsonb, '{id}', to_jsonb(i.id::text)), '{decisions}', $2::jsonb),
            '2026-01-01'::timestamptz + n * interval '1 minute'
       from generate_series(1, 20000) n, lateral (select gen_random_uuid() as id, n as of) i`,
    [JSON.stringify(change({ decisionStatus: 'approved' })), JSON.stringify([approval])],
  );
  await superuser.query(
    `insert into countersign.attempt
       (change_id, ordinal, target, activity_id, activity_attempt, started_at, ended_at, outcome)
     select id, 1, target, 'r/1', 1, submitted_at, submitted_at, 'succeeded' from countersign.change`,
  );
  await superuser.query('vacuum analyze countersign.change, countersign.attempt');
  await superuser.end();
});
afterAll(async () => {
  await api.end();
  await database.drop();
});

/** Half an hour, with 30 of the changes. */
const period: Period = { from: '2026-01-05T00:00:00.000Z', to: '2026-01-05T00:30:00.000Z', operation: null };

/** What a statement reads, in blocks, and by what. */
async function planOf(ask: (db: Queryable) => Promise<unknown>) {
  const asked: { text: string; values: unknown[] }[] = [];
  const spy = {
    query: (text: string, values: unknown[]) => {
      asked.push({ text, values });
      return Promise.resolve({ rows: [] });
    },
  };
  await ask(spy as unknown as Queryable);
  const [{ text, values } = { text: '', values: [] }] = asked;
  const { rows } = await api.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
    `explain (analyze, buffers, format json) ${text}`,
    values,
  );
  const plan = rows[0]?.['QUERY PLAN'][0].Plan ?? {};
  return {
    text: JSON.stringify(plan),
    blocks: (plan['Shared Hit Blocks'] ?? NaN) + (plan['Shared Read Blocks'] ?? NaN),
  };
}

test.each<[string, (db: Queryable, of: Period) => Promise<unknown>]>([
  ['statuses', countStatusesOfPeriod],
  ['outcomes', countOutcomesOfPeriod],
  ['waits', readApprovalWaits],
  ['attempts', countAttemptsOfPeriod],
])('of 20,000 changes, the %s of a time read that time, by an index', async (_what, ask) => {
  for (const operation of [null, 'ActiveCaCertificate', 'None']) {
    const { text, blocks } = await planOf((db) => ask(db, { ...period, operation }));
    expect(text).not.toContain('Seq Scan');
    expect(text).toMatch(/"Index Name":"change_(newest|operation)"/);
    expect(blocks, text).toBeLessThan(500);
  }
});

test('a time that approval came before, by another clock, is no wait', async () => {
  expect(await readApprovalWaits(api, period)).toEqual({ count: 30, p50Ms: 0, p90Ms: 0 });
});
