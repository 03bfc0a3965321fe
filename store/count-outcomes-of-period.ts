import { inPeriod, periodParameters } from './period.ts';
import type { Period } from './period.ts';
import type { Queryable } from './queryable.ts';

/** How many changes ended with a code. */
export interface OutcomeCount {
  readonly code: string;
  readonly count: number;
}

/** With which codes the changes of a period have ended, the most frequent first; at most 200. */
export async function countOutcomesOfPeriod(db: Queryable, period: Period): Promise<OutcomeCount[]> {
  const { rows } = await db.query<OutcomeCount>(
    `select outcome_code as code, count(*)::int as count
       from countersign.change where ${inPeriod} and outcome_code is not null
      group by outcome_code order by count(*) desc, outcome_code limit 200`,
    [...periodParameters(period)],
  );
  return rows;
}
