import type { Queryable } from '../../store/queryable.ts';

/** Disables a subscription whose receiver wants no more. What is not delivered waits until it is active again. */
export async function disableSubscription(db: Queryable, name: string, reason: string): Promise<void> {
  await db.query(
    `update countersign.subscription set state = 'disabled', disabled_reason = $2 where name = $1 and state = 'active'`,
    [name, reason],
  );
}
