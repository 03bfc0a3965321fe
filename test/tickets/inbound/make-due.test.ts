import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Change } from '../../../domain/change.ts';
import { makeDue } from '../../../tickets/inbound/make-due.ts';
import { makeStaleDue } from '../../../tickets/inbound/make-stale-due.ts';
import { change as changeFixture } from '../../store/change-fixture.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
/** Makes the rows that are looked at. */
let setup: pg.Pool;
/** With the deliverer's rights alone. */
let deliverer: pg.Pool;
const at = '2026-11-29T12:00:00.000Z';
const earlier = (minutes: number) => new Date(Date.parse(at) - minutes * 60_000).toISOString();

beforeAll(async () => {
  database = await cloneDatabase();
  const connectionString = database.url('superuser');
  setup = new pg.Pool({ connectionString, max: 1 });
  deliverer = new pg.Pool({ connectionString, max: 1 });
  deliverer.on('connect', (client) => void client.query('set role countersign_deliverer'));
  for (const pool of [setup, deliverer]) pool.on('error', () => undefined);
  for (const system of ['jira', 'servicenow']) {
    await setup.query(
      `insert into countersign.subscription (name, source, target, filter, from_index, created_at)
       values ($1, 'file', $2, '{}', 0, now())`,
      [`to-${system}`, JSON.stringify({ kind: 'system', system })],
    );
  }
});
afterAll(async () => {
  await setup.end();
  await deliverer.end();
  await database.drop();
});
beforeEach(() => setup.query('delete from countersign.outbox'));

/** A change whose entries up to 40 are delivered, or as told. */
async function delivered(
  options: {
    readonly subscription?: string;
    readonly ticket?: Change['ticket'];
    readonly kept?: string;
    readonly wanted?: number;
    readonly dead?: boolean;
    readonly last?: string;
    readonly closedAt?: string;
  } = {},
): Promise<string> {
  const { subscription = 'to-jira', ticket = null, kept = null, wanted = 40, dead = false } = options;
  const { last = earlier(60), closedAt = null } = options;
  const change = changeFixture({ id: randomUUID(), ticket, closedAt });
  await setup.query(
    `insert into countersign.change (id, version, document, submitted_at, closed_at) values ($1, 1, $2, $3, $4)`,
    [change.id, JSON.stringify(change), change.submittedAt, closedAt],
  );
  await setup.query(
    `insert into countersign.outbox
       (subscription, change_id, last_index, wanted_index, first_index, due_since, next_at, dead_since, memory)
     values ($1, $2, 40, $3, 41, $4, $4, case when $5 then now() end, $6)`,
    [subscription, change.id, wanted, last, dead, kept === null ? null : JSON.stringify({ ticket: kept })],
  );
  return change.id;
}

async function dueNow(): Promise<string[]> {
  const { rows } = await setup.query<{ id: string }>(
    `select change_id as id from countersign.outbox
      where wanted_index > last_index and dead_since is null and last_index = 39 and first_index = 40 and next_at = $1`,
    [at],
  );
  return rows.map(({ id }) => id);
}

const named = (id: string, system = 'jira') => ({ system, id, url: null });

test('a hint makes due the changes of its ticket, by its name there or by the id that is kept', async () => {
  const byKey = await delivered({ ticket: named('OPS-1') });
  const byId = await delivered({ kept: '10001' });
  await delivered({ ticket: named('OPS-2') });
  await delivered({ ticket: named('OPS-1', 'servicenow') });
  await delivered({ subscription: 'to-servicenow', ticket: named('OPS-1') });
  await delivered();
  expect(await makeDue(deliverer, 'jira', ['10001', 'OPS-1'], at)).toBe(2);
  expect((await dueNow()).sort()).toEqual([byKey, byId].sort());
  // What is due already reads by itself.
  expect(await makeDue(deliverer, 'jira', ['10001', 'OPS-1'], at)).toBe(0);
});

test('what is under way, dead, or not wanted any more is left as it is', async () => {
  await delivered({ kept: '1', wanted: 45 });
  await delivered({ kept: '1', dead: true });
  expect(await makeDue(deliverer, 'jira', ['1'], at)).toBe(0);
  await delivered({ kept: '1' });
  await setup.query(
    `update countersign.subscription set state = 'disabled', disabled_reason = 'x' where name = 'to-jira'`,
  );
  expect(await makeDue(deliverer, 'jira', ['1'], at)).toBe(0);
  await setup.query(
    `update countersign.subscription set state = 'active', disabled_reason = null where name = 'to-jira'`,
  );
});

test('the sweep finds what nobody has heard of for long', async () => {
  const stale = await delivered({ kept: '1' });
  const justEnded = await delivered({ kept: '2', closedAt: earlier(30) });
  await delivered({ kept: '3', closedAt: earlier(300) });
  await delivered({ kept: '4', last: earlier(5) });
  // Without a ticket there is nothing to read.
  await delivered();
  const times = { at, before: earlier(15), endedAfter: earlier(120) };
  expect(await makeStaleDue(deliverer, 'jira', times)).toBe(2);
  expect((await dueNow()).sort()).toEqual([stale, justEnded].sort());
});
