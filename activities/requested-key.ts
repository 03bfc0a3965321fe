import { listEvents } from '../audit/list-events.ts';
import type { ChangeRequest } from '../domain/change.ts';
import type { Queryable } from '../store/queryable.ts';

/** The key under which a change was asked for, as the log has it; null where there was none, or is no such change. */
export async function requestedKeyOf(db: Queryable, changeId: string): Promise<ChangeRequest['idempotency']> {
  const [requested] = await listEvents(db, changeId, ['change.requested']);
  return requested?.type === 'change.requested' ? requested.idempotency : null;
}
