import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { appendEntry } from '../../audit/append.ts';
import { findTicketChecks } from '../../audit/find-ticket-checks.ts';
import { ticketChecked } from '../../domain/ticket-entries.ts';
import type { TicketRead } from '../../domain/ticket-read.ts';
import { makePool } from '../../store/pool.ts';
import { change as changeFixture } from '../store/change-fixture.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { ticketRead } from '../support/ticket.ts';

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await cloneDatabase();
  pool = makePool({ connectionString: database.url('worker'), applicationName: 'test' });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const time = '2026-11-29T11:00:00.000Z';

async function checked(change: ReturnType<typeof changeFixture>, read: TicketRead | null): Promise<void> {
  const place = { namespace: 'test', of: `change-${change.id}`, ordinal: randomUUID() };
  const judged = { point: 'before_call', time, readAt: time, read, refusal: null } as const;
  await appendEntry(pool, ticketChecked(place, change, judged, {}));
}

test('of many checks the first that read a ticket and the last of all are found, of that change alone', async () => {
  const [change, other] = [changeFixture(), changeFixture()];
  expect(await findTicketChecks(pool, change.id)).toEqual({ first: null, last: null });
  await checked(other, ticketRead({ id: 'other' }));
  await checked(change, null);
  expect(await findTicketChecks(pool, change.id)).toMatchObject({ first: null, last: { read: null } });
  // Words in a text are no member.
  await checked(change, ticketRead({ id: '1', summary: '","read":null,"' }));
  for (const id of ['2', '3']) await checked(change, ticketRead({ id }));
  await checked(other, null);
  const found = await findTicketChecks(pool, change.id);
  expect(found).toMatchObject({ first: { read: { id: '1' } }, last: { read: { id: '3' } } });
});
