import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimCalls } from '../../store/claim-calls.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pools: pg.Pool[];

beforeAll(async () => {
  database = await cloneDatabase();
  // As two workers have them.
  pools = [1, 2].map(() => new pg.Pool({ connectionString: database.url('worker'), max: 8 }));
  // Idle connections are cut when the database is dropped.
  for (const pool of pools) pool.on('error', () => undefined);
});

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await database.drop();
});

const intervalMicros = 2_000;

test('claims of two workers, of different sizes and at once, fill the slots one after another', async () => {
  const account = randomUUID();
  // A step beside which the time that the test takes is nothing: the slots can be told apart.
  const stepMs = 3_600_000;
  const began = Date.now();
  const claims = await Promise.all(
    Array.from({ length: 120 }, async (_, n) => {
      const count = (n % 7) + 1;
      const pool = pools[n % 2] as pg.Pool;
      const { firstSlotDelayMs } = await claimCalls(pool, { account, count, intervalMicros: stepMs * 1000 });
      return { count, firstSlotDelayMs };
    }),
  );
  const tookMs = Date.now() - began;
  expect(tookMs).toBeLessThan(stepMs / 10);
  claims.sort((a, b) => a.firstSlotDelayMs - b.firstSlotDelayMs);
  let next = 0;
  for (const { count, firstSlotDelayMs } of claims) {
    expect(Math.abs(firstSlotDelayMs - next * stepMs)).toBeLessThanOrEqual(tookMs + 100);
    next += count;
  }
});

test('in a row, each claim begins where the one before ended', async () => {
  const account = randomUUID();
  const client = await (pools[0] as pg.Pool).connect();
  try {
    // A step so long that the time between two statements is nothing beside it.
    const step = 3_600_000_000;
    const first = await claimCalls(client, { account, count: 2, intervalMicros: step });
    const second = await claimCalls(client, { account, count: 3, intervalMicros: step });
    const third = await claimCalls(client, { account, count: 1, intervalMicros: step });
    expect(first.firstSlotDelayMs).toBe(0);
    expect(second.firstSlotDelayMs / 3_600_000).toBeCloseTo(2, 1);
    expect(third.firstSlotDelayMs / 3_600_000).toBeCloseTo(5, 1);
  } finally {
    client.release();
  }
});

test('unused time is not saved up for a burst', async () => {
  const account = randomUUID();
  const pool = pools[0] as pg.Pool;
  await claimCalls(pool, { account, count: 1, intervalMicros });
  await pool.query(
    `update countersign.call_pace set next_at = clock_timestamp() - interval '1 hour' where account = $1`,
    [account],
  );
  await claimCalls(pool, { account, count: 1, intervalMicros: 3_600_000_000 });
  const { firstSlotDelayMs } = await claimCalls(pool, { account, count: 1, intervalMicros });
  expect(firstSlotDelayMs).toBeGreaterThan(3_000_000);
});

test('accounts have rates of their own', async () => {
  const pool = pools[0] as pg.Pool;
  await claimCalls(pool, { account: randomUUID(), count: 500, intervalMicros: 1_000_000 });
  expect(await claimCalls(pool, { account: randomUUID(), count: 1, intervalMicros })).toEqual({
    firstSlotDelayMs: 0,
  });
});
