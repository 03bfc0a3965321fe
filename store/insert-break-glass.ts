import type { PersonId } from '../domain/person.ts';
import type { Queryable } from './queryable.ts';

/**
 * Keeps that somebody has a break-glass change. Waits for a concurrent transaction that keeps or releases the
 * same of them.
 *
 * @returns false when they have with another change, which is open or whose review is owed
 */
export async function insertBreakGlass(
  db: Queryable,
  { issuer, subject }: PersonId,
  changeId: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into countersign.break_glass (issuer, subject, change_id) values ($1, $2, $3)
     on conflict (issuer, subject) do nothing`,
    [issuer, subject, changeId],
  );
  return rowCount === 1;
}
