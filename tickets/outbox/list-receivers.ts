import type { Queryable } from '../../store/queryable.ts';
import { subscriptionColumns, subscriptionOf } from '../../store/subscription-columns.ts';
import type { SubscriptionRow } from '../../store/subscription-columns.ts';
import type { Receiver } from './receiver.ts';

/** How long the secret before the newest signs beside it. */
const bothSignFor = '1 day';

/**
 * The active subscriptions, with what only the deliverer may read.
 * @param at - now, ISO 8601
 */
export async function listReceivers(db: Queryable, at: string): Promise<Receiver[]> {
  const { rows } = await db.query<SubscriptionRow & { url: string | null; secrets: string[] }>({
    name: 'list-receivers',
    text: `select ${subscriptionColumns}, url,
              array(select k.secret from countersign.subscription_secret k
                     where k.subscription = s.name
                       and not exists (select from countersign.subscription_secret newer
                                        where newer.subscription = k.subscription and newer.ordinal > k.ordinal
                                          and newer.created_at <= $1::timestamptz - interval '${bothSignFor}')
                     order by k.ordinal desc limit 2) as secrets
         from countersign.subscription s where state = 'active' order by name`,
    values: [at],
  });
  return rows.map(({ url, secrets, ...row }) => ({ ...subscriptionOf(row), url, secrets }));
}
