/**
 * The three statuses of a change. Each says one thing and none is used for two.
 */
export const decisionStatuses = [
  'pending',
  'approved',
  'rejected',
  'expired',
  'withdrawn',
  'refused',
] as const;
/** Where the approval stands. `refused` is the precheck's or a revoked policy's word, with a reason. */
export type DecisionStatus = (typeof decisionStatuses)[number];

export const executionStatuses = [
  'not_started',
  'scheduled',
  'running',
  'paused',
  'succeeded',
  'partially_succeeded',
  'failed',
  'outcome_unknown',
  'cancelled',
] as const;
/**
 * Where the vendor's call stands. A change that was never approved stays `not_started`; one that was approved and
 * then never called is `cancelled`.
 */
export type ExecutionStatus = (typeof executionStatuses)[number];

export const reviewStatuses = ['none', 'owed', 'signed'] as const;
/** The post-implementation review that a break-glass change owes. */
export type ReviewStatus = (typeof reviewStatuses)[number];

/**
 * What the words said so far make of a change; all but the first two are final. The last two are nobody's word: its workflow was
 * cancelled, with the host that asked for it or by hand.
 */
export const standings = [
  'going',
  'paused',
  'withdrawn',
  'taken_over',
  'abandoned',
  'revoked',
  'host_cancelled',
  'workflow_cancelled',
] as const;
/** One of {@link standings}. */
export type Standing = (typeof standings)[number];

const finalExecution: ReadonlySet<ExecutionStatus> = new Set([
  'succeeded',
  'partially_succeeded',
  'failed',
  'outcome_unknown',
  'cancelled',
]);

const finalDecision: ReadonlySet<DecisionStatus> = new Set(['rejected', 'expired', 'withdrawn', 'refused']);

/** True once nothing can happen to the change any more. */
export function isFinal(status: {
  decisionStatus: DecisionStatus;
  executionStatus: ExecutionStatus;
}): boolean {
  return finalExecution.has(status.executionStatus) || finalDecision.has(status.decisionStatus);
}

/** Whether a change that ended in a status was never called: then there is nothing to look back at. */
export function isUncalledEnd(status: unknown): boolean {
  return status === 'not_started' || status === 'cancelled';
}
