import { notSent } from './attempt.ts';

/** The code of a change that ended because its workflow did. */
export const workflowEnded = 'workflow_ended';

/** The code of a change whose call has succeeded. */
export const succeededCode = 'succeeded';

/**
 * Codes by which the log and its verifier know what has happened. A driver that could choose them freely would make one
 * thing look like another.
 */
const ownCodes: readonly string[] = [notSent, succeededCode, workflowEnded];

/** Whether a code is one of {@link ownCodes}. */
export function isOwnCode(code: string): boolean {
  return ownCodes.includes(code);
}

/** Codes by which Countersign itself ends a change, whatever its operation. Those of a ticket begin with `ticket_`. */
const ownEnds: readonly string[] = [
  ...ownCodes,
  'rejected',
  'withdrawn',
  'taken_over',
  'abandoned',
  'policy_revoked',
  'host_cancelled',
  'workflow_cancelled',
  'decide_by_passed',
  'execute_by_passed',
  'outcome_unknown',
  'definition_failed',
  'snapshot_too_long',
];

/**
 * Why an operation may not refuse a target with a code, or null when it may: a requester would take the refusal for
 * something else that ends a change.
 */
export function refusalCodeFault(code: string): string | null {
  if (!ownEnds.includes(code) && !code.startsWith('ticket_')) return null;
  return `expected a code of the operation’s own, and ${code.slice(0, 50)} is one of Countersign’s`;
}
