import type { Subscription } from '../domain/subscription.ts';

/** A row of countersign.subscription as Postgres answers {@link subscriptionColumns}. */
export interface SubscriptionRow extends Omit<Subscription, 'fromIndex' | 'createdAt' | 'pausedUntil'> {
  readonly fromIndex: string;
  readonly createdAt: Date;
  readonly pausedUntil: Date | null;
}

/** The columns that make a {@link Subscription}: all but a webhook's address. */
export const subscriptionColumns = `name, source, target, filter, from_index as "fromIndex", state,
  disabled_reason as "disabledReason", paused_until as "pausedUntil", created_by as "createdBy", created_at as "createdAt"`;

/** A row as a {@link Subscription}. */
export function subscriptionOf(row: SubscriptionRow): Subscription {
  const { fromIndex, createdAt, pausedUntil } = row;
  return {
    ...row,
    fromIndex: Number(fromIndex),
    createdAt: createdAt.toISOString(),
    pausedUntil: pausedUntil?.toISOString() ?? null,
  };
}
