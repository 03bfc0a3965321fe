import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Queryable } from '../store/queryable.ts';
import { findLeader, showAs } from './shown-sessions.ts';

/** How long a session waits between two tries, ms: nobody tells it when a leader has gone. */
const triesEveryMs = 1_000;
/** How often a session that stands by says so again, ms. */
const tellsEveryMs = 600_000;

/** Options of {@link waitForLeaderLock}. */
export interface LeaderLockOptions {
  readonly name: 'sequencer' | 'signer';
  /** How long the leader may say nothing to Postgres, ms, before its session is ended and another leads. */
  readonly silentMs: number;
  /** The session is over, or nobody wants it any more. */
  readonly ended: AbortSignal;
  /** Where a session that stands by says so, and who leads. Default: it says nothing. */
  readonly log?: { info(fields: object, message: string): void };
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
  { name, silentMs, ended, log }: LeaderLockOptions,
): Promise<boolean> {
  // Before the lock: a process may be stopped between the two.
  await client.query(`set idle_session_timeout = ${silentMs}`);
  // A log grows faster than Postgres counts it: a plan from when it was small would read it all for each batch. What is
  // asked here is always found by an index.
  await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
  let toldAt = -Infinity;
  while (!ended.aborted) {
    if (await tryLeaderLock(client, name)) {
      await showAs(client, `${name} leads`);
      return true;
    }
    if (log && performance.now() - toldAt >= tellsEveryMs) {
      log.info({ leader: await findLeader(client, name) }, `another ${name} leads, this one stands by`);
      toldAt = performance.now();
    }
    await delay(Math.min(triesEveryMs, silentMs / 3), undefined, { signal: ended }).catch(() => undefined);
  }
  return false;
}

/**
 * Gives the leader lock of this session back, with every other advisory lock that it has: another session may lead at once.
 */
export async function giveBackLead(db: Queryable): Promise<void> {
  await db.query('select pg_advisory_unlock_all()');
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
