import type { Attempt } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';

/** How an attempt ended. */
export type AttemptEnd = Omit<Attempt, 'startedAt' | 'endedAt' | 'outcome'> & {
  readonly endedAt: string;
  readonly outcome: Exclude<Attempt['outcome'], 'open'>;
};

/**
 * Records the end of an open attempt.
 *
 * @returns false when it had ended already: the first end stands
 */
export async function endAttempt(db: Queryable, end: AttemptEnd): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'end-attempt',
    text: `update countersign.attempt
        set ended_at = $3, outcome = $4, class = $5, http_status = $6, code = $7, message = $8, request_id = $9
      where change_id = $1 and ordinal = $2 and outcome = 'open'`,
    values: [
      end.changeId,
      end.ordinal,
      end.endedAt,
      end.outcome,
      end.class,
      end.httpStatus,
      end.code,
      end.message,
      end.requestId,
    ],
  });
  return rowCount === 1;
}
