import type { Queryable } from '../../store/queryable.ts';
import { subscriptionsChannel } from '../../store/wake-deliverers.ts';

/**
 * Has nothing brought to a subscription's receiver for a while, whichever process would; a longer pause stays. Every deliverer is
 * told at once.
 *
 * @param until - ISO 8601
 */
export async function pauseSubscription(db: Queryable, name: string, until: string): Promise<void> {
  await db.query({
    name: 'pause-subscription',
    text: `with paused as (
             update countersign.subscription set paused_until = $2
              where name = $1 and (paused_until is null or paused_until < $2) returning name
           )
           select pg_notify($3, '') from paused`,
    values: [name, until, subscriptionsChannel],
  });
}
