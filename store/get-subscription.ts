import type { Subscription } from '../domain/subscription.ts';
import type { Queryable } from './queryable.ts';
import { subscriptionColumns, subscriptionOf } from './subscription-columns.ts';
import type { SubscriptionRow } from './subscription-columns.ts';

/** A subscription by its name, or null. */
export async function getSubscription(db: Queryable, name: string): Promise<Subscription | null> {
  const { rows } = await db.query<SubscriptionRow>(
    `select ${subscriptionColumns} from countersign.subscription where name = $1`,
    [name],
  );
  return rows[0] ? subscriptionOf(rows[0]) : null;
}
