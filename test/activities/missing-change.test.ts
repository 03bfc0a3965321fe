import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { asFailure } from '../../activities/failure.ts';
import { readLoggedChange } from '../../activities/logged-change.ts';
import { missingChange } from '../../activities/missing-change.ts';
import { lockedChange } from '../../activities/write-events.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { change } from '../store/change-fixture.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

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

test.each([
  [{ row: false, entries: false }, 'change_not_here'],
  [{ row: true, entries: false }, 'integrity_conflict'],
  [{ row: false, entries: true }, 'integrity_conflict'],
  [{ row: true, entries: true }, 'integrity_conflict'],
])('of %o: %s', (traces, code) => {
  expect(missingChange('id', traces)).toMatchObject({ code });
});

test('a change of which the database has nothing is tried again, and one without its entries is not', async () => {
  const unknown = change();
  for (const look of [
    () => readLoggedChange(pool, unknown.id),
    () => inTransaction(pool, (client) => lockedChange(client, unknown.id)),
  ])
    await expect(asFailure<unknown>(look)).rejects.toMatchObject({
      ...{ type: 'change_not_here', nonRetryable: false },
    });
  await saveChange(pool, unknown);
  await expect(asFailure(() => readLoggedChange(pool, unknown.id))).rejects.toMatchObject({
    ...{ type: 'integrity_conflict', nonRetryable: true },
  });
});
