import { listEvents } from '../audit/list-events.ts';
import type { Change } from '../domain/change.ts';
import { fold } from '../domain/fold.ts';
import type { Queryable } from '../store/queryable.ts';
import { currentWorkflow } from './write-events.ts';

/**
 * The change as it was opened, where this run of its workflow has opened it: the answer to that was lost. Null where there is
 * none, or another run has opened it.
 *
 * @throws CountersignError `log_unavailable`, `integrity_conflict`
 */
export async function openedByThisRun(db: Queryable, changeId: string): Promise<Change | null> {
  const [requested] = await listEvents(db, changeId, ['change.requested']);
  if (requested === undefined) return null;
  const { temporal } = requested as unknown as { temporal?: { runId?: string } };
  if (temporal?.runId !== currentWorkflow().runId) return null;
  return fold([requested])?.change ?? null;
}
