import type { Outcome } from './change.ts';
import type { FieldError } from './error.ts';
import type { JsonObject } from './json.ts';
import type { DecisionStatus, ExecutionStatus } from './status.ts';

/**
 * The workflow type that gates a step of a workflow in any language: its first version. One that takes or answers something
 * else than operations/gate-contract.ts says, other than by members that may be left out, gets a type of its own.
 */
export const gateWorkflowType = 'requireApproval';

/** An update of a gate: it answers a {@link GateOpened} once the change is open, or fails as the gate does. */
export const openedUpdateName = 'opened';

/** The Nexus service of gates, and its operations. */
export const gateNexus = {
  service: 'countersign.gate.v1',
  operation: 'requireApproval',
  opened: 'opened',
} as const;

/** The workflow id of a gate that a Nexus operation has started. @param requestId - Temporal's own id of that operation */
export function gateWorkflowIdOf(requestId: string): string {
  return `gate-${requestId}`;
}

/** Whether {@link gateWorkflowIdOf} makes such an id. */
export function isGateWorkflowId(workflowId: string): boolean {
  return /^gate-[\w-]{1,100}$/.test(workflowId);
}

/** What a host hears once its change is open, before anybody has decided. */
export interface GateOpened {
  /** A UUID. */
  readonly changeId: string;
  /** The host's own name for the request; null where it gave none. */
  readonly key: string | null;
  /** Where people find the change; null where the service was not told of such a place. */
  readonly url: string | null;
}

/** What a gate answers when the approved call has succeeded. */
export interface GateAnswer {
  readonly changeId: string;
  readonly url: string | null;
  readonly outcome: Outcome;
  /** What the call answered; null where the operation describes no output, or the answer was lost. */
  readonly output: JsonObject | null;
}

/** What a gate's failure tells in its details. Its type is one of {@link endTypes}, or the code of a refusal. */
export interface GateFailure {
  /** The change that ended; of a refusal, the one that is in the way, or null. */
  readonly changeId: string | null;
  readonly url: string | null;
  readonly decisionStatus: DecisionStatus | null;
  readonly executionStatus: ExecutionStatus | null;
  readonly outcome: Outcome | null;
  /** Of `invalid_request`: each wrong member, and the rule that it broke. */
  readonly errors: readonly FieldError[];
}

/** Types of a gate's failures by which a change has ended. */
export const endTypes = ['not_approved', 'not_executed', 'outcome_unknown', 'call_started'] as const;
