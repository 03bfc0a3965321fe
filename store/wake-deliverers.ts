import type { Queryable } from './queryable.ts';

/** What deliverers listen to beside the log's own channel. */
export const subscriptionsChannel = 'countersign_subscriptions';

/** Has the deliverers look at once at what has changed of subscriptions; in a transaction, once it is committed. */
export async function wakeDeliverers(db: Queryable): Promise<void> {
  await db.query(`select pg_notify($1, '')`, [subscriptionsChannel]);
}
