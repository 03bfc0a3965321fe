import type { Pool, PoolClient } from 'pg';
import { appendEntries } from '../audit/append.ts';
import type { Change } from '../domain/change.ts';
import { hasEndedAs } from '../domain/change-state.ts';
import { CountersignError } from '../domain/error.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { lockChange } from '../store/lock-change.ts';
import { releaseBreakGlass } from '../store/release-break-glass.ts';
import { releaseTarget } from '../store/release-target.ts';
import { saveChange } from '../store/save-change.ts';
import type { Recording } from './contract.ts';

/**
 * The last write of a change: its last entries, the change as it ended, and its target released, or nothing of it.
 *
 * @param recording - made once the row of the change is locked: from then on no call of it begins
 * @returns null, or the change as it is kept when it had ended in just this way before, and then nothing is written
 * @throws CountersignError `integrity_conflict` when it had ended in another way
 */
export async function writeEnd(
  pool: Pool,
  changeId: string,
  recording: (client: PoolClient) => Recording | Promise<Recording>,
): Promise<Change | null> {
  return await inTransaction(pool, async (client) => {
    const kept = await lockChange(client, changeId);
    const { change, entries } = await recording(client);
    if (kept && hasEndedAs(kept, change)) return kept;
    await appendEntries(client, entries);
    if (!(await saveChange(client, change))) {
      throw new CountersignError(
        'integrity_conflict',
        `change ${change.id} went on while its end was written`,
      );
    }
    await releaseTarget(client, change.id);
    // What was called owes a review first.
    if (change.breakGlass && change.reviewStatus === 'none') await releaseBreakGlass(client, change.id);
    return null;
  });
}
