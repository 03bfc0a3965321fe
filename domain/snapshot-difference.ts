import { canonicalJson } from './canonical-json.ts';
import type { Json, JsonObject } from './json.ts';

/**
 * How a target differs from the approved snapshot, for people: its status if that differs, otherwise the names of the members,
 * within an object as `snapshot.owner`.
 */
export function snapshotDifference(approved: JsonObject | null, read: JsonObject | null): string {
  if (read === null) return 'not there';
  const { status } = read;
  if (typeof status === 'string' && status !== approved?.['status']) return status;
  return differingMembers(approved ?? {}, read).join(', ');
}

function differingMembers(approved: JsonObject, read: JsonObject, within = ''): string[] {
  return Object.keys({ ...approved, ...read }).flatMap((name) => {
    const [before = null, now = null] = [approved[name], read[name]];
    if (canonicalJson(before) === canonicalJson(now)) return [];
    const path = `${within}${name}`;
    return isObject(before) && isObject(now) ? differingMembers(before, now, `${path}.`) : [path];
  });
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
