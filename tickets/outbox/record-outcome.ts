import { compareText } from '../../audit/gather.ts';
import { orLogError } from '../../audit/log-error.ts';
import type { Queryable } from '../../store/queryable.ts';
import type { LeasedRow } from './lease-rows.ts';

/** The row, as whoever took it knows it. */
type Taken = Pick<LeasedRow, 'subscription' | 'changeId' | 'lease'>;

/** Up to which entry a change is delivered. */
export interface Delivered {
  readonly row: Taken;
  readonly lastIndex: number;
  /** When, ISO 8601. */
  readonly at: string;
}

/**
 * Records up to which entries changes are delivered, and gives them back.
 *
 * @returns for each false when another process has taken it over meanwhile: then nothing is recorded, and that one delivers again
 */
export async function recordDelivered(db: Queryable, all: readonly Delivered[]): Promise<boolean[]> {
  const { rows } = await orLogError(
    db.query<{ lease: string }>({
      name: 'record-delivered',
      text: `update countersign.outbox o
                set last_index = d.last_index, first_index = greatest(o.first_index, d.last_index + 1), leased_by = null,
                    next_at = d.at, due_since = case when o.wanted_index > d.last_index then d.at else o.due_since end,
                    attempts = 0, first_failed_at = null, last_error = null
               from unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[])
                    as d (subscription, change_id, lease, last_index, at)
              where o.subscription = d.subscription and o.change_id = d.change_id and o.leased_by = d.lease
              returning d.lease`,
      values: [
        all.map(({ row }) => row.subscription),
        all.map(({ row }) => row.changeId),
        all.map(({ row }) => row.lease),
        all.map(({ lastIndex }) => lastIndex),
        all.map(({ at }) => at),
      ],
    }),
  );
  const recorded = new Set(rows.map(({ lease }) => lease));
  return all.map(({ row }) => recorded.has(row.lease));
}

/** By the row that it is of. */
export function byRow({ row: a }: Delivered, { row: b }: Delivered): number {
  return compareText(a.subscription, b.subscription) || compareText(a.changeId, b.changeId);
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
