import type { ChangeEvent, ChangeEventType } from '../domain/change-event.ts';
import { eventIn, eventTypes } from '../domain/event-in.ts';
import type { Queryable } from '../store/queryable.ts';
import { listBodies } from './list-bodies.ts';

/**
 * The events of a change, sealed or not, in the order of their appending.
 *
 * @param types - of which types; default: all that move a change
 * @throws CountersignError `log_unavailable`
 */
export async function listEvents(
  db: Queryable,
  changeId: string,
  types: readonly ChangeEventType[] = eventTypes,
): Promise<ChangeEvent[]> {
  return (await listBodies(db, changeId, types)).flatMap((body) => eventIn(body) ?? []);
}
