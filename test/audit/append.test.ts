import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import type { EntryDraft, EventType } from '../../domain/entry.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let worker: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  worker = makePool({ connectionString: database.url('worker'), applicationName: 'test' });
});

afterAll(async () => {
  await worker.end();
  await database.drop();
});

function draft(type: EventType = 'change.requested', more: Record<string, string> = {}): EntryDraft {
  const changeId = randomUUID();
  return {
    key: `default/change-${changeId}/${type}/1`,
    body: {
      v: 1,
      type,
      time: '2026-11-24T09:00:00.000Z',
      changeId,
      actor: { process: 'test' },
      operation: null,
      target: null,
      ...more,
    },
  };
}

test('an entry is appended once, however often it is delivered', async () => {
  const entry = draft();
  const results = await Promise.all(Array.from({ length: 100 }, () => appendEntry(worker, entry)));
  expect(results.filter((r) => r.created)).toHaveLength(1);
  const { rows } = await worker.query('select count(*)::int as n from audit.entry where event_key = $1', [
    entry.key,
  ]);
  expect(rows).toEqual([{ n: 1 }]);
});
