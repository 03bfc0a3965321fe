import { canonicalJson } from '../domain/canonical-json.ts';
import { mostSnapshotBytes } from '../domain/entry.ts';
import type { JsonObject } from '../domain/json.ts';

/** Why nobody is asked about what was read of a target; null when people are: nobody could decide on what no entry can hold. */
export function refusalOfSnapshot(snapshot: JsonObject | null) {
  const bytes = Buffer.byteLength(canonicalJson(snapshot));
  if (bytes <= mostSnapshotBytes) return null;
  const message = `what was read of the target takes ${bytes} bytes, at most ${mostSnapshotBytes} can be recorded`;
  return { code: 'snapshot_too_long', message };
}
