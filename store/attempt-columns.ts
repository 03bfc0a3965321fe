import type { Attempt } from '../domain/change.ts';

/** The columns of `countersign.attempt` under the names of {@link Attempt}. */
export const attemptColumns = `
  change_id as "changeId", ordinal, target, started_at as "startedAt", sent_at as "sentAt", ended_at as "endedAt", outcome, class,
  http_status as "httpStatus", code, message, request_id as "requestId"`;

/** A row of {@link attemptColumns}: as an attempt, but for the times. */
export interface AttemptRow extends Omit<Attempt, 'startedAt' | 'sentAt' | 'endedAt'> {
  readonly startedAt: Date;
  readonly sentAt: Date | null;
  readonly endedAt: Date | null;
}

/** The row as an attempt. */
export function attemptOf(row: AttemptRow): Attempt {
  return {
    ...row,
    startedAt: row.startedAt.toISOString(),
    sentAt: row.sentAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
  };
}
