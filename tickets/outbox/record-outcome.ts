import type { Queryable } from '../../store/queryable.ts';
import type { LeasedRow } from './lease-rows.ts';

/** The row, as whoever took it knows it. */
type Taken = Pick<LeasedRow, 'subscription' | 'changeId' | 'lease'>;

/**
 * Records up to which entry a change is delivered, and gives it back.
 *
 * @param at - now, ISO 8601
 * @returns false when another process has taken it over meanwhile: then nothing is recorded, and that one delivers again
 */
export async function recordDelivered(
  db: Queryable,
  { subscription, changeId, lease }: Taken,
  lastIndex: number,
  at: string,
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'record-delivered',
    text: `update countersign.outbox
              set last_index = $4::bigint, first_index = greatest(first_index, $4::bigint + 1), leased_by = null,
                  next_at = $5::timestamptz,
                  due_since = case when wanted_index > $4::bigint then $5::timestamptz else due_since end,
                  attempts = 0, first_failed_at = null, last_error = null
            where subscription = $1 and change_id = $2 and leased_by = $3`,
    values: [subscription, changeId, lease, lastIndex, at],
  });
  return rowCount === 1;
}

/**
 * Records a try that failed, and when the next one comes: null for none, it is a dead letter then.
 * @returns as {@link recordDelivered}
 */
export async function recordFailed(
  db: Queryable,
  { subscription, changeId, lease }: Taken,
  { error, at, nextAt }: { readonly error: string; readonly at: string; readonly nextAt: string | null },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'record-failed',
    text: `update countersign.outbox
              set leased_by = null, attempts = attempts + 1, last_error = $4,
                  first_failed_at = coalesce(first_failed_at, $5::timestamptz),
                  next_at = coalesce($6::timestamptz, $5::timestamptz),
                  dead_since = case when $6::timestamptz is null then $5::timestamptz end
            where subscription = $1 and change_id = $2 and leased_by = $3`,
    values: [subscription, changeId, lease, error, at, nextAt],
  });
  return rowCount === 1;
}

/** Gives a change back as it was taken. @param nextAt - when it is due again, ISO 8601 */
export async function giveBack(
  db: Queryable,
  { subscription, changeId, lease }: Taken,
  nextAt: string,
): Promise<void> {
  await db.query({
    name: 'give-outbox-row-back',
    text: `update countersign.outbox set leased_by = null, next_at = $4
            where subscription = $1 and change_id = $2 and leased_by = $3`,
    values: [subscription, changeId, lease, nextAt],
  });
}
