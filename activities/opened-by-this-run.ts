import { listEvents } from '../audit/list-events.ts';
import type { Requested } from '../domain/change-event.ts';
import type { Queryable } from '../store/queryable.ts';
import { currentWorkflow } from './write-events.ts';

/**
 * The first entry of a change, where this run of its workflow has written it: the answer to that was lost. Null where there is
 * none, or another run has written it.
 *
 * @throws CountersignError `log_unavailable`, `integrity_conflict`
 */
export async function openedByThisRun(db: Queryable, changeId: string): Promise<Requested | null> {
  const [requested] = await listEvents(db, changeId, ['change.requested']);
  if (requested?.type !== 'change.requested') return null;
  const { temporal } = requested as unknown as { temporal?: { runId?: string } };
  return temporal?.runId === currentWorkflow().runId ? requested : null;
}
