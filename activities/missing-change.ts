import { CountersignError } from '../domain/error.ts';

/** What of a change a database has. */
interface Traces {
  /** Its row. */
  readonly row: boolean;
  /** Any entry of it. */
  readonly entries: boolean;
}

/**
 * Why a change cannot be worked on that lacks its row or its first entry. Where there is a part of it, somebody has removed the
 * other, and no repeat mends that. Where there is nothing, this worker may have another database than the worker that opened
 * the change: that one can go on with it, so the step is repeated.
 */
export function missingChange(changeId: string, { row, entries }: Traces): CountersignError {
  if (row) {
    const message = `the log does not tell that change ${changeId} was asked for`;
    return new CountersignError('integrity_conflict', message);
  }
  if (entries) {
    const message = `the log tells of change ${changeId}, and its row or its first entry is missing`;
    return new CountersignError('integrity_conflict', message);
  }
  return new CountersignError(
    'change_not_here',
    `the database of this worker does not have change ${changeId}: another installation of this name runs in the namespace, or the database is another one than when the change was asked for`,
  );
}
