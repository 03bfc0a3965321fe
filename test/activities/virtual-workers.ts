import { createCallPace, jitterMs } from '../../onsmqtt/call-pace.ts';

/** A stretch of virtual time, ms, in which a process does nothing at all. */
export interface Stall {
  readonly from: number;
  readonly until: number;
}

export interface WorldOptions {
  /** What the workers believe the limit to be. */
  readonly callsPerSecond: number;
  readonly seed: number;
  /** One list of stalls for each process. */
  readonly processes: readonly { readonly stalls: readonly Stall[]; readonly callers: number }[];
  /** Longest leg of a statement's way, and longest commit, ms. */
  readonly databaseMs: number;
  /** Chance that a claim fails. */
  readonly failing: number;
  /** How long a call takes to arrive, ms: at random, or so long before a moment and at once after it. */
  readonly slowBefore: number | 'random';
  readonly untilMs: number;
}

export interface WorldResult {
  /** When calls reached the vendor, sorted, virtual ms. */
  readonly arrivals: readonly number[];
  readonly rejected: readonly unknown[];
}

/**
 * Workers with the real pace on a virtual clock, and a database that hands out slots as store/claim-calls.ts does: it
 * reads its clock once the row is locked, and the row stays locked until the commit.
 */
export async function runWorkers(options: WorldOptions): Promise<WorldResult> {
  const random = generator(options.seed);
  const agenda: { at: number; run: () => void }[] = [];
  let time = 0;
  const schedule = (at: number, run: () => void): void => {
    let low = 0;
    for (let high = agenda.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((agenda[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    agenda.splice(low, 0, { at, run });
  };
  const database = { next: 0, free: 0 };
  const arrivals: number[] = [];
  const rejected: unknown[] = [];

  for (const { stalls, callers } of options.processes) {
    const awake = (at: number): number => stalls.find((s) => at >= s.from && at < s.until)?.until ?? at;
    const pace = createCallPace({
      callsPerSecond: options.callsPerSecond,
      now: () => time,
      // Node's timers may be early by less than a millisecond, and are late as the machine is busy.
      sleep: (ms) =>
        new Promise((resolve) => {
          const late = ms === 0 ? random() / 5 : random() < 0.05 ? random() * 60 : random() * 2;
          schedule(awake(time + (ms === 0 ? 0 : Math.max(1, Math.floor(ms))) + late), resolve);
        }),
      claimSlots: (count, intervalMicros) =>
        new Promise((resolve, reject) => {
          schedule(time + random() * options.databaseMs, () => {
            const readAt = Math.max(time, database.free);
            const base = Math.max(database.next, readAt);
            database.next = base + (count * intervalMicros) / 1000;
            database.free = readAt + random() * options.databaseMs;
            const isLost = random() < options.failing;
            schedule(awake(database.free + random() * options.databaseMs), () => {
              if (isLost) reject(new Error('the connection was lost'));
              else resolve({ firstSlotDelayMs: base - readAt });
            });
          });
        }),
    });
    const call = (): void => {
      pace.claim().then(
        () => {
          const isSlow = options.slowBefore === 'random' ? random() : Number(time < options.slowBefore);
          arrivals.push(time + isSlow * jitterMs);
          call();
        },
        (error: unknown) => {
          rejected.push(error);
          schedule(awake(time + 50), call);
        },
      );
    };
    for (let i = 0; i < callers; i += 1) schedule(awake(random() * 20), call);
  }

  for (let next = agenda.shift(); next && next.at <= options.untilMs; next = agenda.shift()) {
    time = next.at;
    next.run();
    // Everything that follows from it at once.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { arrivals: arrivals.sort((a, b) => a - b), rejected };
}

/** The most arrivals in any second, both of its ends included. */
export function peak(arrivals: readonly number[]): number {
  let first = 0;
  let most = 0;
  arrivals.forEach((time, last) => {
    while (time - (arrivals[first] ?? time) > 1000) first += 1;
    most = Math.max(most, last - first + 1);
  });
  return most;
}

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
