import type { Queryable } from './queryable.ts';

/**
 * Keeps who subscribes and who spreads the log apart until the end of the transaction: a subscription begins at the log's end,
 * and whoever spreads what comes after it has to see it. Before anything else of the transaction, so that nobody waits in a
 * circle.
 *
 * @param how - `subscribe`: nobody else subscribes or spreads meanwhile; `spread`: nobody subscribes
 */
export async function lockSubscriptions(db: Queryable, how: 'subscribe' | 'spread'): Promise<void> {
  const lock = how === 'subscribe' ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared';
  await db.query(`select ${lock}(hashtext('countersign'), hashtext('subscriptions'))`);
}
