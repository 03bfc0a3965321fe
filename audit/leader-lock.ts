import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Queryable } from '../store/queryable.ts';

/** How long a session waits between two tries, ms: nobody tells it when a leader has gone. */
const triesEveryMs = 1_000;

/** Options of {@link waitForLeaderLock}. */
export interface LeaderLockOptions {
  readonly name: 'sequencer' | 'signer';
  /** How long the leader may say nothing to Postgres, ms, before its session is ended and another leads. */
  readonly silentMs: number;
  /** The session is over, or nobody wants it any more. */
  readonly ended: AbortSignal;
}

/**
 * Waits until this session holds the leader lock of its name. Only logins of the signer can take that lock
 * (migrations/0004-leaders.sql). The session holds it until the session ends. Postgres ends the session
 * itself when it hears nothing for `silentMs`: the process was stopped, or its machine is gone. So a leader must query
 * more often than that, and whatever it does after a pause must be safe while another session leads.
 *
 * @returns false when `ended` came first
 */
export async function waitForLeaderLock(
  client: PoolClient,
  { name, silentMs, ended }: LeaderLockOptions,
): Promise<boolean> {
  // Before the lock: a process may be stopped between the two.
  await client.query(`set idle_session_timeout = ${silentMs}`);
  // A log grows faster than Postgres counts it: a plan from when it was small would read it all for each batch. What is
  // asked here is always found by an index.
  await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
  while (!ended.aborted) {
    if (await tryLeaderLock(client, name)) return true;
    await delay(Math.min(triesEveryMs, silentMs / 3), undefined, { signal: ended }).catch(() => undefined);
  }
  return false;
}

/** Whether this session has the leader lock, since now or since before. */
async function tryLeaderLock(db: Queryable, name: string): Promise<boolean> {
  const { rows } = await db.query<{ leads: boolean }>('select audit.lead($1) as leads', [name]);
  return rows[0]?.leads === true;
}

/**
 * Whether this session has now, or had already, the advisory lock of this name. Any login can take such a lock, so nothing may
 * depend on getting it.
 */
export async function tryLock(db: Queryable, name: string): Promise<boolean> {
  const { rows } = await db.query<{ locked: boolean }>(
    `select pg_try_advisory_lock(hashtext('countersign'), hashtext($1)) as locked`,
    [name],
  );
  return rows[0]?.locked === true;
}
