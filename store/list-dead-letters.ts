import type { Queryable } from './queryable.ts';

/** Entries of a change that could not be delivered. What came after them waits behind them. */
export interface DeadLetter {
  readonly changeId: string;
  /** Indexes of the oldest entry that is not delivered, and of the newest. */
  readonly from: number;
  readonly to: number;
  readonly why: string;
  /** When it was given up, and when it had failed first. ISO 8601. */
  readonly since: string;
  readonly firstFailedAt: string | null;
}

interface Row {
  changeId: string;
  from: string;
  to: string;
  why: string;
  since: Date;
  firstFailedAt: Date | null;
}

/**
 * Dead letters of a subscription, by their first entry.
 * @param after - only those after this one; null for the first page
 */
export async function listDeadLetters(
  db: Queryable,
  subscription: string,
  after: Pick<DeadLetter, 'from' | 'changeId'> | null,
  limit: number,
): Promise<DeadLetter[]> {
  const { rows } = await db.query<Row>(
    `select change_id as "changeId", first_index as "from", wanted_index as "to", coalesce(last_error, '') as why,
            dead_since as since, first_failed_at as "firstFailedAt"
       from countersign.outbox
      where subscription = $1 and dead_since is not null
        and ($2::bigint is null or (first_index, change_id) > ($2, $3::uuid))
      order by first_index, change_id limit $4`,
    [subscription, after?.from ?? null, after?.changeId ?? null, limit],
  );
  return rows.map((row) => ({
    ...row,
    from: Number(row.from),
    to: Number(row.to),
    since: row.since.toISOString(),
    firstFailedAt: row.firstFailedAt?.toISOString() ?? null,
  }));
}
