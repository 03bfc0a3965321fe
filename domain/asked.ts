import { canonicalJson } from './canonical-json.ts';
import type { Change } from './change.ts';

/** What of a change is asked for: the same from its submission to its end. */
export type Asked = Pick<
  Change,
  | 'operation'
  | 'operationVersion'
  | 'inputSchemaDigest'
  | 'input'
  | 'target'
  | 'requester'
  | 'justification'
  | 'ticket'
  | 'breakGlass'
  | 'policy'
  | 'decideBy'
  | 'executeAfter'
  | 'asked'
>;

/**
 * What is asked for, each member as canonical JSON (RFC 8785): the part that the digest of a decision and that of a
 * submission have in common.
 *
 * @param policyJson - the policy's canonical JSON, for whoever has it
 */
export function askedMembers(
  change: Asked,
  policyJson: string = canonicalJson(change.policy),
): Readonly<Record<string, string>> {
  return {
    breakGlass: canonicalJson(change.breakGlass),
    decideBy: canonicalJson(change.decideBy),
    executeAfter: canonicalJson(change.executeAfter),
    executeBy: canonicalJson(change.asked.executeBy),
    executeWithinMs: canonicalJson(change.asked.executeWithinMs),
    input: canonicalJson(change.input),
    justification: canonicalJson(change.justification),
    // As it was pinned: another definition of the same name would be another operation.
    operation: canonicalJson({
      name: change.operation,
      version: change.operationVersion,
      inputSchema: change.inputSchemaDigest,
    }),
    policy: policyJson,
    requester: canonicalJson(change.requester),
    target: canonicalJson(change.target),
    ticket: canonicalJson(change.ticket),
  };
}
