import { canonicalJson, canonicalMembers } from './canonical-json.ts';
import type { Change } from './change.ts';

/**
 * What the API's signature on a submission commits to, beside the change's id and its requester: the canonical JSON (RFC
 * 8785) of everything that decides what is run and whom it needs. Its SHA-256, in lower-case hex, is the statement's
 * digest. Where no person approves, this is all that stands between a started workflow and a call.
 *
 * @param policyJson - the policy's canonical JSON, for whoever has it
 */
export function submissionText(
  change: Pick<
    Change,
    'operation' | 'input' | 'target' | 'justification' | 'policy' | 'breakGlass' | 'executeAfter'
  >,
  policyJson: string = canonicalJson(change.policy),
): string {
  const { operation, input, target, justification, breakGlass, executeAfter } = change;
  return canonicalMembers({
    breakGlass: canonicalJson(breakGlass),
    executeAfter: canonicalJson(executeAfter),
    input: canonicalJson(input),
    justification: canonicalJson(justification),
    operation: canonicalJson(operation),
    policy: policyJson,
    target: canonicalJson(target),
  });
}
