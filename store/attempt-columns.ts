import type { Attempt } from '../domain/change.ts';

/** The columns of `countersign.attempt` under the names of {@link Attempt}. */
export const attemptColumns = `
  change_id as "changeId", ordinal, started_at as "startedAt", ended_at as "endedAt", outcome, class,
  http_status as "httpStatus", code, message, request_id as "requestId"`;

/** A row of {@link attemptColumns}: as an attempt, but for the times. */
export interface AttemptRow extends Omit<Attempt, 'startedAt' | 'endedAt'> {
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** The row as an attempt. */
export function attemptOf(row: AttemptRow): Attempt {
  return { ...row, startedAt: row.startedAt.toISOString(), endedAt: row.endedAt?.toISOString() ?? null };
}
