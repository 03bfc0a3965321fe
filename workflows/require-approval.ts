import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  ParentClosePolicy,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { Change, Ticket } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PersonId } from '../domain/person.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import { isoTime } from '../domain/time.ts';
import type { Operation } from '../operations/operation.ts';
import { operationOf } from '../operations/registry.ts';
import { changeTaskQueue, changeWorkflowType, firstAttributes } from './messages.ts';
import { fourEyes } from '../domain/four-eyes.ts';

/** What a workflow asks approval for. */
export interface ApprovalRequest {
  /** A gated operation's name, such as `ActiveCaCertificate`. */
  readonly operation: string;
  /** Its input; see `GET /v1/operations`. */
  readonly input: JsonObject;
  readonly justification: string;
  /** On whose behalf: never one of the approvers. The host workflow vouches for it. */
  readonly requester: PersonId;
  readonly ticket?: Ticket;
  /** How long people may take to decide, in ms; default 7 days. */
  readonly decideWithinMs?: number;
  /** How long after approval the call may be made, in ms; default 24 hours. */
  readonly executeWithinMs?: number;
  readonly policy?: PinnedPolicy;
}

const day = 86_400_000;

/**
 * Gates a step of any workflow: starts a change request for the operation, waits until people have approved it and it
 * has run, and answers the change as it ended. Needs a worker with CountersignPlugin on the task queue `countersign`.
 *
 * @throws ApplicationFailure of type `not_approved` (rejected, expired, withdrawn or refused), `not_executed` (approved,
 * but its call did not succeed), `invalid_request` or `open_change_exists`; details: the change
 */
export async function requireApproval(request: ApprovalRequest): Promise<Change> {
  const operation = operationOf(request.operation);
  if (!operation) throw invalid(`${request.operation} is no gated operation`);
  const target = targetOf(operation, request.input);
  const id = uuid4();
  const now = Date.now();
  const change = await executeChild<(request: object) => Promise<Change>>(changeWorkflowType, {
    workflowId: `change-${id}`,
    taskQueue: changeTaskQueue,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    typedSearchAttributes: firstAttributes({ operation: operation.name, target }),
    args: [
      {
        id,
        operation: operation.name,
        input: request.input,
        target,
        requester: {
          ...request.requester,
          name: request.requester.subject,
          roles: ['requester'],
          groups: [],
          authentication: { methods: ['workflow'], at: null },
        },
        justification: request.justification,
        ticket: request.ticket ?? null,
        breakGlass: false,
        policy: request.policy ?? fourEyes,
        submittedAt: isoTime(now),
        decideBy: isoTime(now + (request.decideWithinMs ?? 7 * day)),
        executeAfter: null,
        executeBy: null,
        executeWithinMs: request.executeWithinMs ?? day,
        submission: null,
        idempotency: null,
        source: `workflow ${workflowInfo().workflowId}`,
      },
    ],
  }).catch((error: unknown) => {
    // Why the change could not begin: the type is the caller's to tell by, not a wrapper's.
    throw error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure
      ? error.cause
      : error;
  });
  if (change.executionStatus === 'succeeded') return change;
  const type = change.decisionStatus === 'approved' ? 'not_executed' : 'not_approved';
  throw ApplicationFailure.create({
    type,
    nonRetryable: true,
    message: change.outcome?.message ?? change.decisionStatus,
    details: [change],
  });
}

/** The target that the input names. Whether the input is a valid one, the change's first activity checks. */
function targetOf(operation: Operation, input: JsonObject): string {
  try {
    return operation.target(input);
  } catch (error) {
    throw invalid(`${operation.name}: ${String(error)}`);
  }
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'invalid_request');
}
