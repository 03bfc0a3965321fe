import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { workflowIdOf } from '../domain/change.ts';
import type { Change } from '../domain/change.ts';
import { decide } from '../domain/decide.ts';
import { endOfOrphan } from '../domain/end.ts';
import { isoTime } from '../domain/time.ts';
import { getChange } from '../store/get-change.ts';
import { listAttempts } from '../store/list-attempts.ts';
import { listOpenChanges } from '../store/list-open-changes.ts';
import type { OpenChangePlace } from '../store/list-open-changes.ts';
import { writeEnd } from './write-end.ts';

/** What {@link closeOrphans} works with. */
export interface OrphanDependencies {
  readonly pool: Pool;
  readonly client: Client;
  readonly namespace: string;
  readonly log: { warn(object: object, message: string): void };
  /** How long a change must have been at rest before it is looked at, ms; default 60,000. */
  readonly restMs?: number;
  readonly now?: () => number;
  /** Where the last look ended, to go on from; it is moved. Without it each look begins with those that were silent longest. */
  readonly place?: { after: OpenChangePlace | null };
}

/**
 * Closes changes whose workflow ended without closing them: terminated by hand, cancelled, failed, or forgotten. What a
 * call of theirs came to is not guessed: with any call made the outcome is `outcome_unknown`, without one it is `cancelled`.
 *
 * @returns how many were closed
 */
export async function closeOrphans(deps: OrphanDependencies): Promise<number> {
  const { pool, client, log, namespace, restMs = 60_000, now = Date.now } = deps;
  let count = 0;
  const { place = { after: null } } = deps;
  const { changes, next } = await listOpenChanges(pool, isoTime(now() - restMs), place.after);
  place.after = next;
  for (const change of changes) {
    const status = await statusOf(client, workflowIdOf(change.id));
    if (status === 'RUNNING' || status === 'PAUSED') continue;
    log.warn(
      { changeId: change.id, status },
      'the workflow of an open change has ended; the change is closed',
    );
    try {
      await closeOrphan(pool, change, status, namespace, now());
      count += 1;
    } catch (error) {
      // Its workflow has closed it since it was listed: then there was nothing to close.
      if ((await getChange(pool, change.id))?.closedAt) continue;
      // The others must not wait for it.
      log.warn({ changeId: change.id, err: error as Error }, 'the change could not be closed');
    }
  }
  return count;
}

async function statusOf(client: Client, workflowId: string): Promise<string> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'NOT_FOUND';
    throw error;
  }
}

async function closeOrphan(
  pool: Pool,
  change: Change,
  status: string,
  namespace: string,
  now: number,
): Promise<void> {
  const writer = { namespace, workflowId: workflowIdOf(change.id), status };
  await writeEnd(pool, change.id, writer, async (client, kept) => {
    const end = endOfOrphan(kept, await listAttempts(client, change.id), status);
    const verdict = decide(kept, { kind: 'close', end, part: 'reconciler' }, { now });
    if ('refusal' in verdict) throw verdict.refusal;
    // The same key that the workflow would have used: whoever closes first has closed.
    return verdict.events.map((event) => ({ event, ordinal: 1 }));
  });
}
