import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { comparePage, pageSize } from '../../../audit/compare/compare-changes.ts';
import { countingPool } from '../../support/counting-pool.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { change } from '../../store/change-fixture.ts';

/* A page costs the same, however many changes there are and wherever the page lies among them. */

const many = 20_000;
let database: TestDatabase;
let reader: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  const superuser = new pg.Client({ connectionString: database.url('superuser') });
  await superuser.connect();
  try {
    // Copies without entries: each is a difference, and all of each is read.
    await superuser.query(`set session_replication_role = replica`);
    await superuser.query(
      `insert into countersign.change (id, version, document, submitted_at)
       select i.id, 1, jsonb_set($1::jsonb, '{id}', to_jsonb(i.id::text)), '2026-01-01'
         from generate_series(1, ${many}) n, lateral (select md5(n::text)::uuid as id) i`,
      [JSON.stringify(change())],
    );
    await superuser.query(
      `insert into countersign.idempotency_key (issuer, subject, key, change_id, body_digest)
       select 'https://id.example', 'alice', n::text, md5(n::text)::uuid, repeat('0', 64) from generate_series(1, ${many}) n`,
    );
    await superuser.query('analyze');
  } finally {
    await superuser.end();
  }
  reader = new pg.Pool({
    connectionString: database.url('reader'),
    // The plan that a statement has after some repeats, when it no longer looks at its parameters.
    options: '-c plan_cache_mode=force_generic_plan',
  });
});
afterAll(async () => {
  await reader.end();
  await database.drop();
});

test.each([
  ['first', null],
  ['last', 'ff000000-0000-0000-0000-000000000000'],
])('the %s page of many reads few blocks', async (_, from) => {
  const { pool, blocks } = countingPool(reader);
  const { compared, differences } = await comparePage(pool, from);
  expect(differences).toHaveLength(compared);
  expect(compared).toBeGreaterThan(from === null ? pageSize - 1 : 50);
  // Some twelve look-ups in an index for each change; a table of theirs that is read whole has hundreds of blocks.
  expect(blocks(), 'blocks of the page').toBeLessThan(40 * pageSize);
  expect(blocks()).toBeGreaterThan(pageSize);
});
