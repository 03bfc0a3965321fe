import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readGateFacts } from '../../audit/gate-facts.ts';
import { readOpeningFacts } from '../../audit/opening-facts.ts';
import { compareRulePage } from '../../audit/compare/compare-rules.ts';
import type { RulePlace } from '../../audit/compare/compare-rules.ts';
import { change } from '../store/change-fixture.ts';
import { makeApiKey } from '../support/api-key.ts';
import { countingPool } from '../support/counting-pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

/* What is asked before a call, and of a page of rules, costs the same however many there were. */

const { isWritten } = makeApiKey();
const many = 5000;
const over = '2026-01-02T00:00:00.000Z';
let database: TestDatabase;
let reader: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  const superuser = new pg.Client({ connectionString: database.url('superuser') });
  await superuser.connect();
  const entries = (type: string, members: string) =>
    superuser.query(
      `insert into audit.entry (event_key, bytes, leaf_hash, type, change_id, time)
       select $1::text || '/' || n, b.bytes, sha256('\\x00'::bytea || b.bytes), $1,
           case when $1::text like 'change.%' then md5(n::text)::uuid end, '2026-01-01'
         from generate_series(1, ${many}) n,
           lateral (select convert_to((${members})::text, 'UTF8') as bytes) b`,
      [type],
    );
  const freeze = `jsonb_build_object('type', $1::text, 'time', '2026-01-01T00:00:00.000Z', 'actor', '{}'::jsonb, 'freeze',
    jsonb_build_object('id', md5(n::text)::uuid, 'operation', null, 'scope', '{}'::jsonb, 'reason', 'x',
      'startsAt', '2026-01-01T00:00:00.000Z', 'endsAt', '${over}'))`;
  try {
    await superuser.query('set session_replication_role = replica');
    await entries('freeze.declared', freeze);
    await superuser.query(
      `insert into countersign.freeze (id, scope, starts_at, ends_at, reason, declared_by, declared_at)
       select md5(n::text)::uuid, '{}', '2026-01-01', '${over}', 'x', '{}', '2026-01-01' from generate_series(1, ${many}) n`,
    );
    const asked = `jsonb_build_object('type', $1::text, 'target', 'target-' || n, 'actor',
      jsonb_build_object('issuer', 'https://id.example', 'subject', 'alice'), 'breakGlass', false)`;
    await entries('change.requested', asked);
    await entries(
      'token.issued',
      `jsonb_build_object('token', jsonb_build_object('id', md5(n::text)::uuid))`,
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

test('the gate and an opening read few blocks', async () => {
  const mine = change({ breakGlass: true });
  const { pool, blocks } = countingPool(reader);
  expect((await readGateFacts(pool, isWritten, mine, '2026-11-24T09:00:00.000Z')).differing).toEqual([]);
  expect(blocks(), 'blocks of the gate').toBeLessThan(40);
  const before = blocks();
  expect(await readOpeningFacts(pool, isWritten, mine)).toMatchObject({
    holder: null,
    isRevoked: false,
    unreviewed: [],
  });
  expect(blocks() - before, 'blocks of an opening').toBeLessThan(40);
});

test('a target’s open change is found among many', async () => {
  const mine = change();
  const { pool, blocks } = countingPool(reader);
  const asked = { ...mine, target: { ...mine.target, id: 'target-17' } };
  expect((await readOpeningFacts(pool, isWritten, asked)).holder).not.toBeNull();
  expect(blocks()).toBeLessThan(60);
});

test.each<RulePlace>([
  { rule: 'freeze', of: 'rows', after: 'f0000000-0000-0000-0000-000000000000' },
  { rule: 'freeze', of: 'entries', after: String(many - 150) },
  { rule: 'token', of: 'entries', after: null },
])('a page of $rule, its $of, reads few blocks', async (place) => {
  const { pool, blocks } = countingPool(reader);
  const { differences } = await compareRulePage(pool, place);
  // Of these rows no entry is in the tree; of these entries neither a row nor the tree tells.
  expect(differences).toHaveLength(place.of === 'rows' ? 100 : 0);
  // Some ten look-ups in an index for each.
  expect(blocks()).toBeLessThan(4000);
});
