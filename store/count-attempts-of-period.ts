import type { Attempt } from '../domain/change.ts';
import { inPeriod, periodParameters } from './period.ts';
import type { Period } from './period.ts';
import type { Queryable } from './queryable.ts';

/** How many attempts ended alike. */
export interface AttemptCount extends Pick<Attempt, 'outcome' | 'class' | 'code'> {
  readonly count: number;
}

/** How the attempts of the changes of a period ended, the most frequent first; at most 200. */
export async function countAttemptsOfPeriod(db: Queryable, period: Period): Promise<AttemptCount[]> {
  const { rows } = await db.query<AttemptCount>(
    `select a.outcome, a.class, a.code, count(*)::int as count
       from (select id from countersign.change where ${inPeriod}) c
       join countersign.attempt a on a.change_id = c.id
      group by a.outcome, a.class, a.code order by count(*) desc, a.outcome, a.class, a.code limit 200`,
    [...periodParameters(period)],
  );
  return rows;
}
