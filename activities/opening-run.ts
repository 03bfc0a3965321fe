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
  const opened = await openingOf(db, changeId);
  return opened?.runId === currentWorkflow().runId ? opened.requested : null;
}

/**
 * The first entry of a change, and the run of its workflow that wrote it, where it names one; null where there is no entry.
 *
 * @throws CountersignError `log_unavailable`, `integrity_conflict`
 */
export async function openingOf(db: Queryable, changeId: string) {
  const [requested] = await listEvents(db, changeId, ['change.requested']);
  if (requested?.type !== 'change.requested') return null;
  const { temporal } = requested as unknown as { temporal?: { runId?: string } };
  return { requested, runId: temporal?.runId ?? null };
}
