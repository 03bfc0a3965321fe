import { canonicalJson, canonicalMembers } from './canonical-json.ts';
import type { Change } from './change.ts';
import type { Json } from './json.ts';

/**
 * What the digest that a decision is bound to is made of: the canonical JSON (RFC 8785) of operation, input, snapshot,
 * policy and round. Its SHA-256 in lower-case hex is the digest; a workflow cannot hash, so whoever may does.
 *
 * @param policyJson - the policy's canonical JSON, for whoever has it
 */
export function digestText(
  change: Pick<Change, 'operation' | 'input' | 'policy'>,
  snapshot: Json,
  round: number,
  policyJson: string = canonicalJson(change.policy),
): string {
  const { operation, input } = change;
  return canonicalMembers({
    input: canonicalJson(input),
    operation: canonicalJson(operation),
    policy: policyJson,
    round: canonicalJson(round),
    snapshot: canonicalJson(snapshot),
  });
}
