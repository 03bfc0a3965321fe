import type { CallPace } from './port.ts';

/** Options of {@link createCallPace}. */
export interface CallPaceOptions {
  /** Reserves `count` slots, `intervalMicros` apart, on one clock for all workers; says how far off the first is, in ms. */
  readonly claimSlots: (count: number, intervalMicros: number) => Promise<{ firstSlotDelayMs: number }>;
  /** The account's hard limit, calls a second; the vendor's page says 500. */
  readonly callsPerSecond: number;
  /** A monotonic clock, ms. */
  readonly now?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** How late after its slot a call may still start, in ms. */
export const toleranceMs = 250;

/**
 * Lets calls start so that the account never sees more than its limit in any second, over all workers.
 *
 * Slots lie evenly on one shared clock. A call may start from its slot to {@link toleranceMs} after it, so the calls of
 * any one second come from slots of at most 1.25 s: with 400 slots a second that is 500. A caller that wakes later than
 * that (a stopped process, a long pause) gives its slot up and claims another. Callers that wait together share one
 * reservation, so the database sees one statement for many calls. When no slot can be claimed, nothing may be called.
 */
export function createCallPace(options: CallPaceOptions): CallPace {
  const { claimSlots, callsPerSecond, now = () => performance.now() } = options;
  const sleep = options.sleep ?? ((ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
  const intervalMs = (1000 + toleranceMs) / callsPerSecond;
  let waiting: { resolve: (startAt: number) => void; reject: (error: unknown) => void }[] = [];
  let claiming = false;

  async function claimForAll(): Promise<void> {
    claiming = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const asked = now();
      try {
        const { firstSlotDelayMs } = await claimSlots(batch.length, Math.ceil(intervalMs * 1000));
        // Counted from the asking, not the answer: never later than the database meant by more than the tolerance
        // allows, and never earlier than the slot less the statement's own time.
        const answered = now();
        const first = answered + firstSlotDelayMs;
        if (answered - asked > toleranceMs) waiting = [...batch, ...waiting];
        else batch.forEach(({ resolve }, i) => resolve(first + i * intervalMs));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    claiming = false;
  }

  return {
    async claim() {
      for (;;) {
        const startAt = await new Promise<number>((resolve, reject) => {
          waiting.push({ resolve, reject });
          if (!claiming) void claimForAll();
        });
        const wait = startAt - now();
        if (wait > 0) await sleep(wait);
        if (now() - startAt <= toleranceMs / 2) return;
      }
    },
  };
}
