import type { Change } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';

/** A call that has begun and whose answer is not recorded. */
export interface CallUnderWay {
  readonly change: Change;
  /** The attempt's ordinal. */
  readonly attempt: number;
  /** ISO 8601. */
  readonly sentAt: string;
}

/** The calls under way, with their changes, oldest first; of one change where its id is given. */
export async function listCallsUnderWay(
  db: Queryable,
  changeId: string | null = null,
): Promise<CallUnderWay[]> {
  const { rows } = await db.query<{ document: Change; attempt: number; sentAt: Date }>(
    `select c.document, a.ordinal as attempt, a.sent_at as "sentAt"
       from countersign.attempt a join countersign.change c on c.id = a.change_id
      where a.outcome = 'open' and a.sent_at is not null and ($1::uuid is null or a.change_id = $1)
      order by a.sent_at, a.change_id`,
    [changeId],
  );
  return rows.map(({ document, attempt, sentAt }) => ({
    change: document,
    attempt,
    sentAt: sentAt.toISOString(),
  }));
}
