import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { inTransaction } from '../store/in-transaction.ts';
import { tryLock } from '../store/try-lock.ts';

const askAgainMs = 100;
/** Longer than one piece of work takes, so that a waiting caller still gets its answer. */
const patienceMs = 20_000;

/**
 * Does work while nobody else does any for the same purpose and key, over all replicas, by a lock of Postgres. Whoever
 * waits holds no connection. Nothing safe may rely on it: a lock goes with its connection, and every login of the database
 * may take it. So whoever has waited for long goes on without it.
 */
export async function oneAtATime<T>(
  db: Pool,
  purpose: string,
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const done = await inTransaction(db, async (client) =>
      (await tryLock(client, purpose, key)) ? { result: await work() } : null,
    );
    if (done) return done.result;
    if (Date.now() >= until) return await work();
    await delay(askAgainMs);
  }
}
