import type { DecisionStatus, ExecutionStatus, ReviewStatus } from '../domain/status.ts';
import type { Queryable } from './queryable.ts';

/** How many changes are in a combination of statuses. */
export interface StatusCount {
  readonly decisionStatus: DecisionStatus;
  readonly executionStatus: ExecutionStatus;
  readonly reviewStatus: ReviewStatus;
  readonly count: number;
}

/** How many changes there are in each combination of statuses that occurs. */
export async function countChangesByStatus(db: Queryable): Promise<StatusCount[]> {
  const { rows } = await db.query<StatusCount>(
    `select decision_status as "decisionStatus", execution_status as "executionStatus",
            review_status as "reviewStatus", count(*)::int as count
       from countersign.change
      group by decision_status, execution_status, review_status
      order by decision_status, execution_status, review_status`,
  );
  return rows;
}
