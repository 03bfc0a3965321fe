import type { Queryable } from './queryable.ts';

/** Removes a subscription that an admin has made, with what was to be delivered. @returns false when there is none */
export async function deleteSubscription(db: Queryable, name: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `delete from countersign.subscription where name = $1 and source = 'api'`,
    [name],
  );
  return rowCount === 1;
}
