import { inPeriod, periodParameters } from './period.ts';
import type { Period } from './period.ts';
import type { Queryable } from './queryable.ts';

/** How long people took to approve, ms; null where nobody did. */
export interface ApprovalWaits {
  /** How many changes people have approved. */
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
}

/**
 * From submission to the last approval that counts, of the changes of a period that are approved. Those that needed nobody
 * are left out.
 */
export async function readApprovalWaits(db: Queryable, period: Period): Promise<ApprovalWaits> {
  const { rows } = await db.query<ApprovalWaits>(
    `select count(wait)::int as count,
            round(percentile_disc(0.5) within group (order by wait))::float8 as "p50Ms",
            round(percentile_disc(0.9) within group (order by wait))::float8 as "p90Ms"
       from (select case when approved_at like '____-__-__T__:__:__.___Z' and pg_input_is_valid(approved_at, 'timestamptz')
                      then greatest(0, extract(epoch from approved_at::timestamptz - submitted_at) * 1000)
                    end as wait
               from countersign.change where ${inPeriod} and approved_at is not null) waited`,
    [...periodParameters(period)],
  );
  return rows[0] ?? { count: 0, p50Ms: null, p90Ms: null };
}
