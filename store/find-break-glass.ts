import type { PersonId } from '../domain/person.ts';
import type { Queryable } from './queryable.ts';

/** The break-glass change of somebody that is open or whose review nobody has signed yet, or null when there is none. */
export async function findBreakGlass(db: Queryable, { issuer, subject }: PersonId): Promise<string | null> {
  const { rows } = await db.query<{ changeId: string }>(
    `select change_id as "changeId" from countersign.break_glass where issuer = $1 and subject = $2`,
    [issuer, subject],
  );
  return rows[0]?.changeId ?? null;
}
