import { CountersignError } from '../domain/error.ts';
import type { CallPace } from './port.ts';
import { withTimeout } from './timeout.ts';

/** Options of {@link createCallPace}. */
export interface CallPaceOptions {
  /** Reserves `count` slots, `intervalMicros` apart, on one clock for all workers; says how far off the first is, in ms. */
  readonly claimSlots: (count: number, intervalMicros: number) => Promise<{ firstSlotDelayMs: number }>;
  /** The account's hard limit, calls a second; the vendor's page says 500. */
  readonly callsPerSecond: number;
  /** Longest wait for a slot, ms; default 10,000. */
  readonly longestWaitMs?: number;
  /** Longest wait for one reservation, ms; default 5,000. */
  readonly claimWithinMs?: number;
  /** A monotonic clock, ms. */
  readonly now?: () => number;
  /** Waits so many ms, 0 for letting others have their turn; early or late is allowed. */
  readonly sleep?: (ms: number) => Promise<void>;
}

/** How late after its slot a call may start, in ms. */
export const latenessMs = 125;
/** How much longer than another a call may be on its way (a new connection, a busy machine), in ms. */
export const jitterMs = 125;
/** Reservations in a row that may come too late to be of use, before nothing may be called. */
const slowClaims = 5;
/** Slots reserved at once lie within this many ms, so that no worker holds many while others wait. */
const batchMs = 250;

/**
 * The distance between slots, in microseconds. Calls that arrive within one second, both ends included, left their
 * slots within 1 s + {@link latenessMs} + {@link jitterMs}; so many slots as the limit says must need more than that.
 * The 2 µs cover what the database's clock rounds.
 */
export function slotIntervalMicros(callsPerSecond: number): number {
  return Math.ceil(((1000 + latenessMs + jitterMs) * 1000) / callsPerSecond) + 2;
}

interface Waiting {
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: CountersignError) => void;
}

/** When a call may start, on this process's clock. */
interface Slot {
  readonly from: number;
  readonly until: number;
}

/**
 * Lets calls start so that the account never sees more than its limit in any second, over all workers.
 *
 * Slots lie evenly on the database's clock. It was read somewhere between the asking and the answer, so on this clock a
 * slot is only known to within that time: a call starts no earlier than the latest moment that the slot may be, and no
 * later than {@link latenessMs} after the earliest. With 500 calls a second as the limit that leaves 399.
 * Whoever wakes too late (a stopped process, a long pause) finds the slot gone and waits for another; the longest
 * waiting goes first. Callers that wait together share a reservation, so the database sees one statement for many
 * calls. When no slot can be reserved, nothing may be called.
 *
 * Assumes that the clocks run at one pace: a database clock set forward lets waiting calls overlap with new ones.
 */
export function createCallPace(options: CallPaceOptions): CallPace {
  const { claimSlots, callsPerSecond, longestWaitMs = 10_000, claimWithinMs = 5_000 } = options;
  const now = options.now ?? (() => performance.now());
  const sleep = options.sleep ?? pause;
  const intervalMicros = slotIntervalMicros(callsPerSecond);
  const batch = Math.max(1, Math.floor((batchMs * 1000) / intervalMicros));
  let waiting: Waiting[] = [];
  let slots: Slot[] = [];
  let running = false;

  async function reserve(count: number): Promise<Slot[]> {
    const asked = now();
    const { firstSlotDelayMs } = await withTimeout(claimWithinMs, claimSlots(count, intervalMicros), () => {
      throw new Error(`no slots within ${claimWithinMs} ms`);
    });
    const uncertainty = now() - asked;
    if (uncertainty > latenessMs) return [];
    return Array.from({ length: count }, (_, i) => {
      const earliest = asked + firstSlotDelayMs + (i * intervalMicros) / 1000;
      return { from: earliest + uncertainty, until: earliest + latenessMs };
    });
  }

  async function serve(): Promise<void> {
    let tooSlow = 0;
    for (;;) {
      dropLate();
      const [first] = waiting;
      if (!first) {
        // Here and now: a caller that comes before this function's promise is settled must start it anew.
        running = false;
        return;
      }
      const [slot] = slots;
      if (!slot) {
        slots = await reserve(Math.min(waiting.length, batch));
        tooSlow = slots.length === 0 ? tooSlow + 1 : 0;
        if (tooSlow >= slowClaims)
          throw new Error(`${slowClaims} reservations took over ${latenessMs} ms each`);
        continue;
      }
      const ahead = slot.from - now();
      if (ahead > 0) {
        await sleep(Math.min(ahead, Math.max(0, first.since + longestWaitMs - now())));
        continue;
      }
      slots.shift();
      waiting.shift();
      first.resolve();
      // One at a time: the call is on its way before the clock is looked at for the next.
      await sleep(0);
    }
  }

  function dropLate(): void {
    const time = now();
    slots = slots.filter(({ until }) => time <= until);
    const late = waiting.filter(({ since }) => time - since >= longestWaitMs);
    waiting = waiting.filter(({ since }) => time - since < longestWaitMs);
    for (const { reject } of late) {
      reject(new CountersignError('rate_limited', `no call was allowed within ${longestWaitMs} ms`));
    }
  }

  async function start(): Promise<void> {
    running = true;
    try {
      await serve();
    } catch (cause) {
      const rejected = waiting;
      waiting = [];
      running = false;
      const error = new CountersignError('log_unavailable', "the account's rate could not be reserved", {
        cause,
      });
      for (const { reject } of rejected) reject(error);
    }
  }

  return {
    claim: () =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ since: now(), resolve, reject });
        if (!running) void start();
      }),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });
}
