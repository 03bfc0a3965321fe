import { listEvents } from '../audit/list-events.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Queryable } from '../store/queryable.ts';

/** What the call of a change has answered, as the log has it; null where it answered nothing that its operation describes. */
export async function outputOf(db: Queryable, changeId: string): Promise<JsonObject | null> {
  const events = await listEvents(db, changeId, ['attempt.succeeded']);
  const last = events.at(-1);
  return last?.type === 'attempt.succeeded' ? (last.output ?? null) : null;
}
