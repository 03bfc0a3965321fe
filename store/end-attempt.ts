import type { Attempt } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';

/** How an attempt ended. */
export type AttemptEnd = Omit<Attempt, 'target' | 'startedAt' | 'sentAt' | 'endedAt' | 'outcome'> & {
  readonly endedAt: string;
  readonly outcome: Exclude<Attempt['outcome'], 'open'>;
};

/**
 * Records the end of an open attempt.
 *
 * @param ifUnsent - only while it is not marked as sent
 * @returns when it was marked as sent, ISO 8601 or null; null instead when it had ended already (the first end stands) or must not
 * have been marked and was
 */
export async function endAttempt(
  db: Queryable,
  end: AttemptEnd,
  ifUnsent = false,
): Promise<Pick<Attempt, 'sentAt'> | null> {
  const { rows } = await db.query<{ sentAt: Date | null }>({
    name: 'end-attempt',
    text: `update countersign.attempt
        set ended_at = $3, outcome = $4, class = $5, http_status = $6, code = $7, message = $8, request_id = $9
      where change_id = $1 and ordinal = $2 and outcome = 'open' and not ($10::boolean and sent_at is not null)
      returning sent_at as "sentAt"`,
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
      ifUnsent,
    ],
  });
  const [row] = rows;
  return row === undefined ? null : { sentAt: row.sentAt?.toISOString() ?? null };
}
