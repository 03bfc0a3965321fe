import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { makeAttemptLog } from '../../activities/attempt-log.ts';
import type { ActivityRef } from '../../activities/attempt-log.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { listAttempts } from '../../store/list-attempts.ts';
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

test('a worker that stood still begins no attempt beside that of its successor, nor the other way round', async () => {
  const open = change({ decisionStatus: 'approved', executionStatus: 'scheduled' });
  await saveChange(pool, open);
  const attempts = makeAttemptLog({ pool });
  const ref = (attempt: number): ActivityRef => ({
    namespace: 'test',
    workflowId: workflowIdOf(open.id),
    runId: 'run',
    activityId: '1',
    attempt,
    scheduledAt: '2026-11-24T09:00:00.000Z',
  });
  // Both have read the target; whichever comes first has the call.
  await attempts.start(open, ref(1));
  await expect(attempts.start(open, ref(2))).rejects.toThrow('has not ended yet');
  await attempts.endLost(open, ref(2));
  await attempts.start(open, ref(2));
  await expect(attempts.start(open, ref(1))).rejects.toThrow('has not ended yet');
  expect(await listAttempts(pool, open.id)).toMatchObject([
    { ordinal: 1, outcome: 'failed', code: 'not_sent' },
    { ordinal: 2, outcome: 'open' },
  ]);
});
