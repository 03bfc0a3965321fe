import type { PersonId } from '../domain/person.ts';
import type { Queryable } from './queryable.ts';

/** A break-glass change of this requester whose review nobody has signed yet, the oldest, or null when there is none. */
export async function findOwedReview(db: Queryable, { issuer, subject }: PersonId): Promise<string | null> {
  const { rows } = await db.query<{ id: string }>(
    `select id from countersign.change
      where document->>'reviewStatus' = 'owed' and requester_issuer = $1 and requester_subject = $2
      order by submitted_at, id limit 1`,
    [issuer, subject],
  );
  return rows[0]?.id ?? null;
}
