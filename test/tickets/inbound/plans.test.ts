import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Queryable } from '../../../store/queryable.ts';
import { makeDue } from '../../../tickets/inbound/make-due.ts';
import { makeStaleDue } from '../../../tickets/inbound/make-stale-due.ts';
import { deleteDelivered } from '../../../tickets/outbox/delete-delivered.ts';
import { change } from '../../store/change-fixture.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

/* Each hint and each sweep takes as long as it finds something, and not as long as there have been changes. */

let database: TestDatabase;
let pool: pg.Pool;
const at = '2026-11-29T12:00:00.000Z';
const earlier = '2026-11-29T10:00:00.000Z';
const count = 20_000;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = new pg.Pool({ connectionString: database.url('superuser'), max: 1 });
  pool.on('error', () => undefined);
  await pool.query(
    `insert into countersign.subscription (name, source, target, filter, from_index, created_at)
     select s.name, 'file', jsonb_build_object('kind', 'system', 'system', s.name), '{}', 0, $1
       from unnest(array['jira', 'slack', 'mail']) as s (name)`,
    [at],
  );
  // All but 50 have ended, the last one a minute ago and each other a minute before.
  await pool.query(
    `insert into countersign.change (id, version, document, submitted_at, closed_at)
     select made.id, 1,
            $1::jsonb || jsonb_build_object('id', made.id, 'ticket', jsonb_build_object('system', 'jira', 'id', 'OPS-' || n),
                                            'closedAt', case when n > 50 then $2::timestamptz - n * interval '1 minute' end),
            $2::timestamptz - n * interval '1 minute', case when n > 50 then $2::timestamptz - n * interval '1 minute' end
       from generate_series(1, $3::int) n, lateral (select gen_random_uuid() as id where n > 0) made`,
    [JSON.stringify(change()), at, count],
  );
  await pool.query(
    `insert into countersign.outbox
       (subscription, change_id, last_index, wanted_index, first_index, due_since, next_at, memory)
     select s.name, c.id, 40, 40, 41, c.submitted_at, c.submitted_at,
            case when s.name = 'jira' then jsonb_build_object('ticket', 'id of ' || c.ticket) end
       from countersign.change c, countersign.subscription s`,
  );
  await pool.query('analyze');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Plan[];
}

/** The nodes of the plan by which a statement is run. */
async function planOf(work: (db: Queryable) => Promise<unknown>): Promise<Plan[]> {
  const plans: Plan[] = [];
  const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];
  const explained = {
    async query(asked: string | { text: string; values: unknown[] }, values: unknown[] = []) {
      const query = typeof asked === 'string' ? { text: asked, values } : asked;
      const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `explain (format json) ${query.text}`,
        query.values,
      );
      for (const row of rows) plans.push(...nodes(row['QUERY PLAN'][0].Plan));
      return { rows: [], rowCount: 0 };
    },
  };
  await work(explained as unknown as Queryable);
  return plans;
}

const isLarge = ({ 'Relation Name': name }: Plan) => name === 'outbox' || name === 'change';
const scanned = (plan: readonly Plan[]) =>
  plan.filter((node) => node['Node Type'] === 'Seq Scan' && isLarge(node));
const indexesOf = (plan: readonly Plan[]) => new Set(plan.flatMap((node) => node['Index Name'] ?? []));

test('a hint finds its changes by what is kept of the ticket and by the name that they give it', async () => {
  const plan = await planOf((db) => makeDue(db, 'jira', ['id of OPS-7', 'OPS-7'], at));
  expect(scanned(plan)).toEqual([]);
  const found = ['outbox_ticket', 'change_ticket', 'outbox_pkey'];
  expect([...indexesOf(plan)]).toEqual(expect.arrayContaining(found));
});

test('the sweep looks at the changes that are open, and at those that have ended lately', async () => {
  const times = { at, before: earlier, endedAfter: earlier };
  const plan = await planOf((db) => makeStaleDue(db, 'jira', times));
  expect(scanned(plan)).toEqual([]);
  expect([...indexesOf(plan)]).toEqual(
    expect.arrayContaining(['change_open', 'change_closed', 'outbox_pkey']),
  );
});

test('what was delivered long ago is found by its age', async () => {
  const plan = await planOf((db) => deleteDelivered(db, earlier, 500));
  expect(indexesOf(plan)).toContain('outbox_delivered');
});

test('what the statements do is what they did', async () => {
  expect(await makeDue(pool, 'jira', ['id of OPS-7', 'OPS-8'], at)).toBe(2);
  // Two are due by now, and 120 minutes ago the 120th had ended.
  expect(await makeStaleDue(pool, 'jira', { at, before: at, endedAfter: earlier })).toBe(118);
});
