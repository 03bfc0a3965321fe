import type { ChangeEvent, ChangeEventType } from '../domain/change-event.ts';
import { eventIn, eventTypes } from '../domain/event-in.ts';
import type { Queryable } from '../store/queryable.ts';
import { listBodies } from './list-bodies.ts';
import { readPolicies } from './read-policies.ts';

/**
 * The events of a change, sealed or not, in the order of their appending.
 *
 * @param types - of which types; default: all that move a change
 * @throws CountersignError `log_unavailable`; `integrity_conflict` where the log does not have the change's policy
 */
export async function listEvents(
  db: Queryable,
  changeId: string,
  types: readonly ChangeEventType[] = eventTypes,
): Promise<ChangeEvent[]> {
  const bodies = await listBodies(db, changeId, types);
  const policyOf = await readPolicies(db, bodies);
  return bodies.flatMap((body) => eventIn(body, policyOf) ?? []);
}
