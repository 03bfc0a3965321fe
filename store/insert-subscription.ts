import type { Subscription } from '../domain/subscription.ts';
import { lockSubscriptions } from './lock-subscriptions.ts';
import type { Queryable } from './queryable.ts';

/**
 * Keeps a subscription that an admin has made, for the entries from the log's end on. Waits for a concurrent transaction that
 * keeps one of the same name.
 *
 * @param db - in a transaction, which no entry passes by that is for the subscription
 * @param url - the webhook's address, which this process cannot read back
 * @returns false when there is one of this name
 */
export async function insertSubscription(
  db: Queryable,
  made: Pick<Subscription, 'name' | 'target' | 'filter' | 'createdBy' | 'createdAt'>,
  url: string,
): Promise<boolean> {
  await lockSubscriptions(db, 'subscribe');
  const { rowCount } = await db.query(
    `insert into countersign.subscription (name, source, target, filter, from_index, created_by, created_at, url)
     select $1, 'api', $2, $3, h.size, $4, $5, $6 from audit.head h
     on conflict (name) do nothing`,
    [made.name, made.target, made.filter, made.createdBy, made.createdAt, url],
  );
  return rowCount === 1;
}
