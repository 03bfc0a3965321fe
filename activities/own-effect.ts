import { canonicalJson } from '../domain/canonical-json.ts';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Operation } from '../operations/operation.ts';

/** Whether the target is as the operation leaves it and otherwise as approved: our own lost success, not drift. */
export function isOwnEffect(operation: Operation, change: Change, read: JsonObject | null): boolean {
  if (read === null || change.snapshot === null || !operation.achieved(read)) return false;
  const [now, approved] = [read, change.snapshot].map((s) => canonicalJson(operation.identity(s)));
  return now === approved;
}
