import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Change, JsonObject } from '../domain/change.ts';

/**
 * The digest that a decision is bound to: SHA-256, lower-case hex, of the canonical JSON (RFC 8785) of operation, input,
 * snapshot, policy and round. Made here because a workflow cannot hash.
 */
export function digestOf(change: Change, snapshot: JsonObject, round: number): string {
  const { operation, input, policy } = change;
  return createHash('sha256')
    .update(canonicalJson({ operation, input, snapshot, policy, round }))
    .digest('hex');
}
