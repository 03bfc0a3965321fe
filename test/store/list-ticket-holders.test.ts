import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { listTicketHolders } from '../../store/list-ticket-holders.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { takeOpenTicket } from '../../store/take-open-ticket.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { change } from './change-fixture.ts';

let database: TestDatabase;
const pools: pg.Pool[] = [];
const pool = (role: 'worker' | 'deliverer') => {
  const made = makePool({ connectionString: database.url(role), applicationName: 'test' });
  pools.push(made);
  return made;
};
beforeAll(async () => {
  database = await cloneDatabase();
});
afterAll(async () => {
  await Promise.all(pools.map((one) => one.end()));
  await database.drop();
});

test('who holds a ticket is known by any of its names, in its system alone', async () => {
  const [worker, deliverer] = [pool('worker'), pool('deliverer')];
  const [one, other] = [change(), change()];
  for (const open of [one, other]) await saveChange(worker, open);
  await takeOpenTicket(worker, { system: 'jira', ticket: 'OPS-1', changeId: one.id });
  await takeOpenTicket(worker, { system: 'jira', ticket: '10001', changeId: one.id });
  await takeOpenTicket(worker, { system: 'jira', ticket: 'OPS-2', changeId: other.id });
  expect(await listTicketHolders(deliverer, 'jira', ['10001', 'OPS-1'])).toEqual([one.id]);
  expect(await listTicketHolders(deliverer, 'jira', ['OPS-3', 'OPS-2'])).toEqual([other.id]);
  expect(await listTicketHolders(deliverer, 'servicenow', ['OPS-1'])).toEqual([]);
  expect(await listTicketHolders(deliverer, 'jira', [])).toEqual([]);
});
