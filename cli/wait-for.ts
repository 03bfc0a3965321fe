import { setTimeout as delay } from 'node:timers/promises';
import { CountersignError } from '../domain/error.ts';

/** How often it is asked, ms. */
const everyMs = 250;

/**
 * Asks until there is an answer. Errors of `ask` end it.
 *
 * @param ask - null: not yet
 * @throws CountersignError `outcome_not_known` when there is none in time
 */
export async function waitFor<T>(ask: () => Promise<T | null>, patienceMs: number): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await ask();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new CountersignError('outcome_not_known', 'the demo took too long');
    await delay(everyMs);
  }
}
