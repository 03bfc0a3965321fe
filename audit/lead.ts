import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Queryable } from '../store/queryable.ts';

/** How long a session waits between two tries to lead, ms: nobody tells when a leader has gone. */
const triesEveryMs = 1_000;

/** Options of {@link lead}. */
export interface LeadOptions {
  readonly name: 'sequencer' | 'signer';
  /** How long the leader may say nothing to Postgres, ms, before its session is ended and another leads. */
  readonly silentMs: number;
  /** The session is over, or nobody wants it any more. */
  readonly ended: AbortSignal;
}

/**
 * Waits until this session is the one of its name that leads, by a lock that only logins of the signer can take
 * (migrations/0004-leaders.sql). It leads until it ends, which Postgres
 * does itself where a process is stopped, or its machine is gone, and nothing is heard from it for `silentMs`. So a leader
 * has to ask something more often, and whatever it does after a pause has to be safe with another one leading.
 *
 * @returns false when it ended before
 */
export async function lead(client: PoolClient, { name, silentMs, ended }: LeadOptions): Promise<boolean> {
  // Before the lock: a process may be stopped between the two.
  await client.query(`set idle_session_timeout = ${silentMs}`);
  // A log grows faster than Postgres counts it: a plan from when it was small would read it all for each batch. What is
  // asked here is always found by an index.
  await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
  while (!ended.aborted) {
    if (await tryLead(client, name)) return true;
    await delay(Math.min(triesEveryMs, silentMs / 3), undefined, { signal: ended }).catch(() => undefined);
  }
  return false;
}

/** Whether this session leads now, or did already. */
async function tryLead(db: Queryable, name: string): Promise<boolean> {
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
