import type { Queryable } from './queryable.ts';

/**
 * Keeps another secret of a webhook, which signs from now on; the one before signs beside it for a day. No process but the
 * deliverer can read either.
 *
 * @param secret - `whsec_` and base64
 * @param at - ISO 8601
 */
export async function insertSubscriptionSecret(
  db: Queryable,
  subscription: string,
  secret: string,
  at: string,
): Promise<void> {
  await db.query(
    `insert into countersign.subscription_secret (subscription, secret, created_at) values ($1, $2, $3)`,
    [subscription, secret, at],
  );
}
