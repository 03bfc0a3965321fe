import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Change } from '../../../domain/change.ts';
import { deleteDelivered } from '../../../tickets/outbox/delete-delivered.ts';
import { change as changeFixture } from '../../store/change-fixture.ts';
import { startOutboxTestbed, until } from './outbox-testbed.ts';
import type { OutboxTestbed } from './outbox-testbed.ts';

let testbed: OutboxTestbed;
beforeAll(async () => {
  testbed = await startOutboxTestbed();
  await testbed.subscribe({ name: 'hook' });
});
afterAll(() => testbed.stop());

const day = (n: number) => new Date(Date.UTC(2026, 10, n)).toISOString();

/** A change that ended on the first day, with a row that was delivered on the second, or as told. */
async function delivered(
  more: Partial<Change> = {},
  row: { wanted?: number; at?: string; dead?: boolean } = {},
) {
  const change = changeFixture({ id: randomUUID(), closedAt: day(1), ...more });
  const superuser = testbed.pool('superuser');
  await superuser.query(
    `insert into countersign.change (id, version, document, submitted_at, closed_at) values ($1, 1, $2, $3, $4)`,
    [change.id, JSON.stringify(change), change.submittedAt, change.closedAt],
  );
  const { wanted = 40, at = day(2), dead = false } = row;
  await superuser.query(
    `insert into countersign.outbox
       (subscription, change_id, last_index, wanted_index, first_index, due_since, next_at, dead_since, memory)
     values ('hook', $1, 40, $2, 41, $3, $3, case when $4 then $3::timestamptz end, '{"index":40}')`,
    [change.id, wanted, at, dead],
  );
  return change.id;
}

test('what was delivered is deleted once its change has ended long ago; what is to come, is owed or dead stays', async () => {
  const db = testbed.pool('deliverer');
  const old = [await delivered(), await delivered()];
  const kept = [
    await delivered({ closedAt: null }),
    await delivered({ closedAt: day(20) }),
    await delivered({}, { at: day(20) }),
    await delivered({ reviewStatus: 'owed' }),
    await delivered({}, { wanted: 41 }),
    await delivered({}, { wanted: 41, dead: true }),
  ];
  const isThere = async (ids: readonly string[]) =>
    (await Promise.all(ids.map((id) => testbed.row('hook', id)))).map((row) => row !== null);
  expect(await deleteDelivered(db, day(10), 1)).toBe(1);
  expect(await deleteDelivered(db, day(10), 10)).toBe(1);
  expect(await deleteDelivered(db, day(10), 10)).toBe(0);
  expect(await isThere(old)).toEqual([false, false]);
  expect(await isThere(kept)).toEqual(kept.map(() => true));
});

test('a deliverer deletes it by itself', async () => {
  const id = await delivered();
  const now = () => Date.parse(day(2)) + 30 * 86_400_000 + 1;
  testbed.deliver({}, { now });
  await until(async () => (await testbed.row('hook', id)) === null);
});
