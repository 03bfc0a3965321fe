import type { Change, ChangeRequest } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { getChange } from '../store/get-change.ts';
import type { Queryable } from '../store/queryable.ts';
import { outputOf } from './output-of.ts';
import { requestedKeyOf } from './requested-key.ts';

/** What is kept of changes, for whoever answers their hosts. */
export interface KeptChanges {
  change(id: string): Promise<Change | null>;
  /** The key under which it was asked for; null where there was none, or is no such change. */
  requestedKey(id: string): Promise<ChangeRequest['idempotency']>;
  /** What its call has answered; null where it answered nothing that its operation describes. */
  output(id: string): Promise<JsonObject | null>;
}

/** What Postgres keeps. */
export function keptIn(db: Queryable): KeptChanges {
  return {
    change: (id) => getChange(db, id),
    requestedKey: (id) => requestedKeyOf(db, id),
    output: (id) => outputOf(db, id),
  };
}
