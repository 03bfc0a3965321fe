import type { Queryable } from './queryable.ts';

/** Makes a disabled subscription active again. @returns false when it was */
export async function activateSubscription(db: Queryable, name: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update countersign.subscription set state = 'active', disabled_reason = null
      where name = $1 and state = 'disabled'`,
    [name],
  );
  return rowCount === 1;
}
