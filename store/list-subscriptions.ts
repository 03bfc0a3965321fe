import type { Subscription } from '../domain/subscription.ts';
import type { Queryable } from './queryable.ts';
import { subscriptionColumns, subscriptionOf } from './subscription-columns.ts';
import type { SubscriptionRow } from './subscription-columns.ts';

/** Every subscription, by name. */
export async function listSubscriptions(db: Queryable): Promise<Subscription[]> {
  const { rows } = await db.query<SubscriptionRow>(
    `select ${subscriptionColumns} from countersign.subscription order by name`,
  );
  return rows.map(subscriptionOf);
}
