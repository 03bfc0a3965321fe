import type { StatusCount } from './count-changes-by-status.ts';
import { inPeriod, periodParameters } from './period.ts';
import type { Period } from './period.ts';
import type { Queryable } from './queryable.ts';

/** How many changes of a period are in each combination of statuses that occurs. */
export async function countStatusesOfPeriod(db: Queryable, period: Period): Promise<StatusCount[]> {
  const { rows } = await db.query<StatusCount>(
    `select decision_status as "decisionStatus", execution_status as "executionStatus",
            review_status as "reviewStatus", count(*)::int as count
       from countersign.change where ${inPeriod}
      group by decision_status, execution_status, review_status`,
    [...periodParameters(period)],
  );
  return rows;
}
