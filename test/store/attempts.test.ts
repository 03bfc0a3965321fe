import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countAttempts } from '../../store/count-attempts.ts';
import { endAttempt } from '../../store/end-attempt.ts';
import { listAttempts } from '../../store/list-attempts.ts';
import { listOpenAttempts } from '../../store/list-open-attempts.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { startAttempt } from '../../store/start-attempt.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { change } from './change-fixture.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = makePool({ connectionString: database.url('worker'), applicationName: 'test', max: 20 });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const startedAt = '2026-11-24T09:00:00.123Z';
const target = 'onsmqtt/cn-hangzhou/post-cn-1/ca/S1';
const endedAt = '2026-11-24T09:00:01.456Z';

async function kept(): Promise<string> {
  const one = change();
  await saveChange(pool, one);
  return one.id;
}

test('an attempt starts open and ends once', async () => {
  const changeId = await kept();
  const started = await startAttempt(pool, {
    changeId,
    activityId: 'call',
    activityAttempt: 1,
    target,
    startedAt,
  });
  expect(started).toEqual({
    changeId,
    ordinal: 1,
    target,
    startedAt,
    sentAt: null,
    endedAt: null,
    outcome: 'open',
    class: null,
    httpStatus: null,
    code: null,
    message: null,
    requestId: null,
  });
  expect(await listOpenAttempts(pool, changeId)).toEqual([started]);
  const end = {
    changeId,
    ordinal: 1,
    endedAt,
    outcome: 'failed',
    class: 'transient',
    httpStatus: 500,
    code: 'InternalError',
    message: 'Try again later.',
    requestId: 'R-1',
  } as const;
  expect(await endAttempt(pool, end)).toEqual({ sentAt: null });
  expect(await endAttempt(pool, { ...end, outcome: 'succeeded', requestId: 'R-2' })).toBeNull();
  expect(await listOpenAttempts(pool, changeId)).toEqual([]);
  expect(await listAttempts(pool, changeId)).toEqual([{ ...end, target, startedAt, sentAt: null }]);
});

test('the same activity attempt again is the same attempt, the next has the next ordinal', async () => {
  const changeId = await kept();
  const starts = [1, 1, 2, 1, 2, 3];
  for (const activityAttempt of starts) {
    const { ordinal } = await startAttempt(pool, {
      changeId,
      activityId: 'call',
      activityAttempt,
      target,
      startedAt,
    });
    expect(ordinal).toBe(activityAttempt);
  }
  const { ordinal } = await startAttempt(pool, {
    changeId,
    activityId: 'later',
    activityAttempt: 1,
    target,
    startedAt,
  });
  expect(ordinal).toBe(4);
  expect(await listAttempts(pool, changeId)).toHaveLength(4);
});

test('ordinals are contiguous when many start at once', async () => {
  const changeId = await kept();
  const starts = Array.from({ length: 40 }, (_, n) => ({
    changeId,
    activityId: `call-${n % 20}`,
    activityAttempt: 1,
    target,
    startedAt,
  }));
  const attempts = await Promise.all(starts.map((start) => startAttempt(pool, start)));
  for (let n = 0; n < 20; n++) expect(attempts[n]?.ordinal).toBe(attempts[n + 20]?.ordinal);
  const ordinals = (await listAttempts(pool, changeId)).map((attempt) => attempt.ordinal);
  expect(ordinals).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
});

test('attempts are counted by class', async () => {
  const changeId = await kept();
  for (const [n, faultClass] of ['doubtful', 'transient', 'doubtful'].entries()) {
    const { ordinal } = await startAttempt(pool, {
      changeId,
      activityId: 'call',
      activityAttempt: n + 1,
      target,
      startedAt,
    });
    await endAttempt(pool, {
      changeId,
      ordinal,
      endedAt,
      outcome: 'failed',
      class: faultClass,
      httpStatus: 500,
      code: 'x',
      message: 'x',
      requestId: null,
    });
  }
  expect(await countAttempts(pool, changeId, 'doubtful')).toBe(2);
  expect(await countAttempts(pool, changeId, 'permanent')).toBe(0);
  expect(await countAttempts(pool, randomUUID(), 'doubtful')).toBe(0);
});
