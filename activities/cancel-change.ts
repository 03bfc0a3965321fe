import type { Pool } from 'pg';
import { appendEntries } from '../audit/append.ts';
import { findEntry } from '../audit/find-entry.ts';
import { mayHaveBeenSent } from '../domain/attempt.ts';
import { CountersignError } from '../domain/error.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { listAttempts } from '../store/list-attempts.ts';
import { getChange } from '../store/get-change.ts';
import { lockChange } from '../store/lock-change.ts';
import { saveChange } from '../store/save-change.ts';
import type { LogActivities } from './contract.ts';

/**
 * See `cancelChange` of {@link LogActivities}. An attempt begins, and is marked as sent, only while its change is kept as
 * approved: with the change locked here, each comes wholly before or wholly after.
 */
export function cancelChange(
  pool: Pool,
  { withdrawn, abandoned }: Parameters<LogActivities['cancelChange']>[0],
): ReturnType<LogActivities['cancelChange']> {
  return inTransaction(pool, async (client) => {
    await lockChange(client, withdrawn.change.id);
    const attempts = await listAttempts(client, withdrawn.change.id);
    // A repeat says what was said before, whatever the attempt came to since.
    const wasAbandoned = await Promise.all(abandoned.entries.map(({ key }) => findEntry(client, key)));
    const isCalled = wasAbandoned.some((entry) => entry !== null) || attempts.some(mayHaveBeenSent);
    const recording = isCalled ? abandoned : withdrawn;
    await appendEntries(client, recording.entries);
    if (
      !(await saveChange(client, recording.change)) &&
      (await getChange(client, recording.change.id))?.closedAt
    ) {
      throw new CountersignError('change_closed', `change ${recording.change.id} has ended`);
    }
    return isCalled ? 'abandoned' : 'withdrawn';
  });
}
