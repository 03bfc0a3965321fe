import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createCallPace, jitterMs, latenessMs, slotIntervalMicros } from '../../onsmqtt/call-pace.ts';
import { peak, runWorkers } from './virtual-workers.ts';

const stalls = fc.array(
  fc.record({ from: fc.nat(4000), length: fc.integer({ min: 1, max: 1500 }) }).map(({ from, length }) => ({
    from,
    until: from + length,
  })),
  { maxLength: 3 },
);

test('no second ever holds more calls than the limit: workers, delays, stalls and lost claims at random', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(500)),
      fc.integer(),
      fc.array(stalls, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(2, 20, 60, 150),
      fc.constantFrom(0, 0.1),
      fc.oneof(fc.constant('random' as const), fc.nat(5000)),
      async (limit, seed, stallsOf, databaseMs, failing, slowBefore) => {
        const { arrivals } = await runWorkers({
          callsPerSecond: limit,
          seed,
          processes: stallsOf.map((own) => ({ stalls: own, callers: Math.ceil(limit * 0.7) + 1 })),
          databaseMs,
          failing,
          slowBefore,
          untilMs: limit === 500 ? 3000 : 6000,
        });
        expect(peak(arrivals)).toBeLessThanOrEqual(limit);
      },
    ),
    { numRuns: 60 },
  );
});

/** The worst second: its first calls are as late and as slow as may be, its last ones punctual and fast. */
function worst(callsPerSecond: number) {
  const turn = 2000;
  return runWorkers({
    callsPerSecond,
    seed: 1,
    processes: [1, 2].map(() => ({ callers: 600, stalls: [{ from: turn - latenessMs + 3, until: turn }] })),
    databaseMs: 1,
    failing: 0,
    slowBefore: turn + 100,
    untilMs: 4000,
  });
}

test('the worst second comes near the limit, and a pace that is a quarter too fast is found out', async () => {
  const { arrivals } = await worst(500);
  expect(peak(arrivals)).toBeLessThanOrEqual(500);
  expect(peak(arrivals)).toBeGreaterThan(430);
  expect(peak((await worst(625)).arrivals)).toBeGreaterThan(500);
});

test('an undisturbed worker makes nearly as many calls as there are slots', async () => {
  const { arrivals } = await runWorkers({
    callsPerSecond: 500,
    seed: 7,
    processes: [{ stalls: [], callers: 300 }],
    databaseMs: 2,
    failing: 0,
    slowBefore: 0,
    untilMs: 3000,
  });
  expect(arrivals.length / 3).toBeGreaterThan(340);
  expect(arrivals.length / 3).toBeLessThan(405);
});

test.each([1, 2, 3, 7, 10, 99, 400, 499, 500])('with %i calls a second the slots suffice', (limit) => {
  const interval = slotIntervalMicros(limit);
  const longest = (1000 + latenessMs + jitterMs) * 1000;
  // Both ends of the stretch may hold a slot.
  expect(Math.floor(longest / interval) + 1).toBeLessThanOrEqual(limit);
  expect(Number.isInteger(interval)).toBe(true);
});

/** A pace whose clock is moved by hand and by its own sleeps. */
function handPace(claimSlots: Parameters<typeof createCallPace>[0]['claimSlots'], overslept = 0) {
  const clock = { time: 0, overslept };
  const pace = createCallPace({
    callsPerSecond: 500,
    claimSlots,
    claimWithinMs: 300,
    now: () => clock.time,
    sleep: async (ms) => {
      clock.time += Math.max(1, ms) + clock.overslept;
      await Promise.resolve();
    },
  });
  return { clock, pace };
}

test('callers that wait together share a reservation, of a quarter of a second at most', async () => {
  const counts: number[] = [];
  const { pace } = handPace((count) => {
    counts.push(count);
    return Promise.resolve({ firstSlotDelayMs: 0 });
  });
  await Promise.all(Array.from({ length: 150 }, () => pace.claim()));
  expect(counts[0]).toBe(1);
  expect(Math.max(...counts)).toBeLessThanOrEqual(100);
  expect(counts.length).toBeLessThan(10);
});

test('who wakes too late gives the slot up, claims another and goes first', async () => {
  let claims = 0;
  const order: string[] = [];
  const { clock, pace } = handPace(() => {
    claims += 1;
    clock.overslept = claims === 1 ? latenessMs + 1 : 0;
    return Promise.resolve({ firstSlotDelayMs: 500 });
  });
  const late = pace.claim().then(() => order.push('late'));
  const next = pace.claim().then(() => order.push('next'));
  await Promise.all([late, next]);
  expect(claims).toBeGreaterThan(1);
  expect(order).toEqual(['late', 'next']);
});

test('a claim that fails refuses everybody who waits, and the next one is made anew', async () => {
  let claims = 0;
  const { pace } = handPace(() => {
    claims += 1;
    return claims === 1
      ? Promise.reject(new Error('the connection was lost'))
      : Promise.resolve({ firstSlotDelayMs: 0 });
  });
  const results = await Promise.allSettled([pace.claim(), pace.claim(), pace.claim()]);
  for (const result of results) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'log_unavailable' } });
  }
  await pace.claim();
  expect(claims).toBe(2);
});

test('a claim that takes longer than a call may be late is not used, and not repeated for ever', async () => {
  let claims = 0;
  const { clock, pace } = handPace(() => {
    claims += 1;
    clock.time += latenessMs + 1;
    return Promise.resolve({ firstSlotDelayMs: 0 });
  });
  await expect(pace.claim()).rejects.toMatchObject({ code: 'log_unavailable' });
  expect(claims).toBe(5);
});

test('one slow claim costs its slots and nothing else', async () => {
  let claims = 0;
  const { clock, pace } = handPace(() => {
    claims += 1;
    if (claims === 1) clock.time += latenessMs + 1;
    return Promise.resolve({ firstSlotDelayMs: 0 });
  });
  await pace.claim();
  expect(claims).toBe(2);
});

test('a claim that never ends is given up', async () => {
  const { pace } = handPace(() => new Promise(() => undefined));
  const began = performance.now();
  await expect(Promise.all([pace.claim(), pace.claim()])).rejects.toMatchObject({ code: 'log_unavailable' });
  expect(performance.now() - began).toBeGreaterThan(250);
});

test('a slot that is too far off refuses the caller in time, and serves the next one', async () => {
  const claimSlots = vi.fn(() => Promise.resolve({ firstSlotDelayMs: 30_000 }));
  const { clock, pace } = handPace(claimSlots);
  await expect(pace.claim()).rejects.toMatchObject({ code: 'rate_limited' });
  expect(clock.time).toBeLessThan(10_500);
  clock.time = 29_000;
  await pace.claim();
  expect(claimSlots).toHaveBeenCalledTimes(1);
  expect(clock.time).toBeGreaterThanOrEqual(30_000);
});

test('a caller that comes just as the last one is served is not forgotten', async () => {
  const { pace } = handPace(() => Promise.resolve({ firstSlotDelayMs: 0 }));
  for (let i = 0; i < 200; i += 1) {
    await pace.claim();
    for (let turns = i % 7; turns > 0; turns -= 1) await Promise.resolve();
  }
});
