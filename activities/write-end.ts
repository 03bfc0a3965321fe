import type { Pool } from 'pg';
import { appendEntry } from '../audit/append.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { releaseTarget } from '../store/release-target.ts';
import { saveChange } from '../store/save-change.ts';
import type { Recording } from './contract.ts';

/** The last write of a change: its last entries, the change as it ended, and its target released, or nothing of it. */
export async function writeEnd(pool: Pool, { change, entries }: Recording): Promise<void> {
  await inTransaction(pool, async (client) => {
    for (const entry of entries) await appendEntry(client, entry);
    await saveChange(client, change);
    await releaseTarget(client, change.id);
  });
}
