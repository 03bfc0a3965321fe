import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { makeWakeup } from './wakeup.ts';
import { tryLock, waitForLeaderLock } from './leader-lock.ts';
import { sequencePending } from './sequence-pending.ts';
import { keepSession } from './session.ts';
import type { SessionLog } from './session.ts';

/** Options of {@link startSequencer}. */
export interface SequencerOptions {
  /** Logs in as the signer; one of its connections is kept. */
  readonly pool: Pool;
  readonly log?: SessionLog;
  /** Most entries in one transaction; default 500. */
  readonly batch?: number;
  /** How long it sleeps at most when nobody wakes it, in ms; default 1000. */
  readonly pollMs?: number;
  /** How long a leader may say nothing, in ms, before Postgres ends its session and another leads; default 10000. */
  readonly silentMs?: number;
}

const shortestPauseMs = 5;
const longestPauseMs = 100;
const longestRestMs = 500;

/**
 * How long it rests after a turn, ms, that took so long and found so many entries. A turn costs much the same for one entry
 * as for fifty: the busier the machine and the log, the larger the batches. What comes alone waits for some ms.
 */
function restMs(tookMs: number, count: number): number {
  return Math.min(3 * tookMs + 2 * count, longestRestMs);
}

/**
 * Gives appended entries their indexes as they come. Any number may run: one at a time leads, by a lock of the signer's role, and
 * another takes over within `pollMs` of its end, or `silentMs` after it was stopped. Indexes are right whoever runs, by the head row's lock.
 */
export function startSequencer(options: SequencerOptions): { stop(): Promise<void> } {
  const { pool, log, batch = 500, pollMs = 1_000, silentMs = 10_000 } = options;
  return keepSession({
    pool,
    log,
    name: 'sequencer',
    async work(client, ended) {
      const wakeup = makeWakeup();
      client.on('notification', () => wakeup.set());
      const leading = { name: 'sequencer', silentMs: Math.max(silentMs, 3 * pollMs), ended } as const;
      if (!(await waitForLeaderLock(client, leading))) return;
      await client.query('listen countersign_pending');
      let pauseMs = shortestPauseMs;
      while (!ended.aborted) {
        const began = performance.now();
        let count = 0;
        for (let last = batch; last === batch; count += last) {
          last = await sequencePending(client, batch);
        }
        if (count > 0) {
          pauseMs = shortestPauseMs;
          const rest = restMs(performance.now() - began, count);
          await delay(rest, undefined, { signal: ended }).catch(() => undefined);
        }
        // audit.append wakes only who holds this lock, and keeps it from us while a transaction is open that found us
        // awake: until then, look again by ourselves. Another login that holds it costs us our sleep, and nothing more.
        if (!(await tryLock(client, 'sequencer asleep'))) {
          await wakeup.wait(pauseMs, ended);
          pauseMs = Math.min(2 * pauseMs, longestPauseMs);
          continue;
        }
        // Once more for what was committed after the last look and before the lock.
        if ((await sequencePending(client, batch)) === 0) await wakeup.wait(pollMs, ended);
        await client.query(
          `select pg_advisory_unlock(hashtext('countersign'), hashtext('sequencer asleep'))`,
        );
        pauseMs = shortestPauseMs;
      }
    },
  });
}
