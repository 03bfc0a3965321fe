import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { makeLatch } from './latch.ts';
import { lead, tryLock } from './lead.ts';
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
/** How much longer it rests after a turn than the turn took. */
const restShare = 3;

/**
 * Gives appended entries their indexes as they come. Any number may run: one at a time leads, by an advisory lock, and
 * another takes over within `pollMs` of its end, or `silentMs` after it was stopped. Indexes are right whoever runs, by the head row's lock.
 */
export function startSequencer(options: SequencerOptions): { stop(): Promise<void> } {
  const { pool, log, batch = 500, pollMs = 1_000, silentMs = 10_000 } = options;
  return keepSession({
    pool,
    log,
    name: 'sequencer',
    async work(client, ended) {
      const latch = makeLatch();
      client.on('notification', () => latch.set());
      const leading = { name: 'sequencer', silentMs: Math.max(silentMs, 3 * pollMs), ended } as const;
      if (!(await lead(client, leading))) return;
      await client.query('listen countersign_pending');
      let pauseMs = shortestPauseMs;
      while (!ended.aborted) {
        const began = performance.now();
        const count = await sequencePending(client, batch);
        if (count === batch) continue;
        if (count > 0) {
          pauseMs = shortestPauseMs;
          // The busier the machine, the larger the batches: a turn costs much the same for one entry as for fifty.
          const restMs = Math.min(restShare * (performance.now() - began), longestPauseMs);
          await delay(restMs, undefined, { signal: ended }).catch(() => undefined);
        }
        // audit.append wakes only who holds this lock, and keeps it from us while a transaction is open that found us
        // awake: until then, look again by ourselves.
        if (!(await tryLock(client, 'sequencer asleep'))) {
          await latch.wait(pauseMs, ended);
          pauseMs = Math.min(2 * pauseMs, longestPauseMs);
          continue;
        }
        // Once more for what was committed after the last look and before the lock.
        if (!(await isAnyPending(client))) await latch.wait(pollMs, ended);
        await client.query(
          `select pg_advisory_unlock(hashtext('countersign'), hashtext('sequencer asleep'))`,
        );
        pauseMs = shortestPauseMs;
      }
    },
  });
}

async function isAnyPending(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ any: boolean }>('select exists (select from audit.pending) as any');
  return rows[0]?.any === true;
}
