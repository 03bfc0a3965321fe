import type { Queryable } from './queryable.ts';

/**
 * Makes a disabled subscription active again, and one whose receiver has asked for rest go on.
 *
 * @param at - now, ISO 8601
 * @returns false when it was active
 */
export async function activateSubscription(db: Queryable, name: string, at: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update countersign.subscription set state = 'active', disabled_reason = null, paused_until = null
      where name = $1 and (state = 'disabled' or paused_until > $2)`,
    [name, at],
  );
  return rowCount === 1;
}
