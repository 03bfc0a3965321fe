import { canonicalJson } from '../domain/canonical-json.ts';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Operation } from '../operations/operation.ts';

/**
 * Whether the target is as the operation leaves it and otherwise as approved: our own lost success, not drift. Where the
 * operation leaves nothing, there is nothing else to compare.
 */
export function isOwnEffect(operation: Operation, change: Change, read: JsonObject | null): boolean {
  if (change.snapshot === null || !operation.achieved(read)) return false;
  if (read === null) return true;
  const [now, approved] = [read, change.snapshot].map((s) => canonicalJson(operation.identity(s)));
  return now === approved;
}
