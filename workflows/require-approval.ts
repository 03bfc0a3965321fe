import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ChildWorkflowFailure,
  condition,
  executeChild,
  log,
  ParentClosePolicy,
  setHandler,
  defineSignal,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { changeWorkflowType, workflowIdOf } from '../domain/change.ts';
import type { Change, HostRequest, Ticket } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PersonId } from '../domain/person.ts';
import { changeTaskQueue, takenUpSignalOf } from './messages.ts';
import { plainMember } from '../domain/plain-payload.ts';

/** What a workflow asks approval for. The service's policies say who has to agree, when it may run, and by when. */
export interface ApprovalRequest {
  /** A gated operation's name, such as `ActiveCaCertificate`. */
  readonly operation: string;
  /** Its input; see `GET /v1/operations`. */
  readonly input: JsonObject;
  readonly justification: string;
  /** On whose behalf: never one of the approvers. The host workflow vouches for it. */
  readonly requester: PersonId;
  readonly ticket?: Ticket;
  /** How long people may take to decide, in ms, where that is to be shorter than the policy says. */
  readonly decideWithinMs?: number;
  /** How long after approval the call may be made, in ms, where that is to be shorter than the policy says. */
  readonly executeWithinMs?: number;
  /** How long a worker of Countersign may take to begin, in ms; default 30,000. */
  readonly beginWithinMs?: number;
}

/**
 * Gates a step of any workflow: starts a change request for the operation, waits until people have approved it and it
 * has run, and answers the change as it ended. Needs a `countersign worker` in the same namespace that allows this
 * workflow's type (`COUNTERSIGN_HOSTS`). When the caller is cancelled, the change is withdrawn; a call that is under way is
 * waited for.
 *
 * @throws ApplicationFailure of type `not_approved` (rejected, expired, withdrawn or refused), `not_executed` (approved,
 * but its call did not succeed), `call_started` (the caller was cancelled, and the call had succeeded); details: the change.
 * Before there is a change: of type `engine_unavailable` (no worker has begun in time), or the code of a refusal, such as
 * `invalid_request`, `host_not_allowed`, `no_policy`, `token_needed`, `policy_out_of_step`, `open_change_exists`
 * @throws CancelledFailure when the caller was cancelled and nothing was called; details: the change, where there was one
 */
export async function requireApproval(request: ApprovalRequest): Promise<Change> {
  const id = uuid4();
  const caller = CancellationScope.current();
  const asked = jsonOf({ ...requestOf(id, request), ...plainMember });
  let isBegun = false as boolean;
  setHandler(defineSignal(takenUpSignalOf(id)), () => {
    isBegun = true;
  });
  const child = new CancellationScope();
  const ending = child.run(() =>
    executeChild<(request: HostRequest) => Promise<Change>>(changeWorkflowType, {
      workflowId: workflowIdOf(id),
      taskQueue: changeTaskQueue,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      args: [asked],
    }),
  );
  const begun = () => {
    isBegun = true;
  };
  ending.then(begun, begun);
  const beginWithinMs = request.beginWithinMs ?? 30_000;
  await CancellationScope.nonCancellable(() => condition(() => isBegun, beginWithinMs));
  if (!isBegun) {
    child.cancel();
    const { namespace } = workflowInfo();
    const message = `no worker of Countersign in namespace ${namespace} took change ${id} up within ${beginWithinMs} ms`;
    log.warn(message, { taskQueue: changeTaskQueue });
    throw caller.consideredCancelled
      ? new CancelledFailure(message)
      : ApplicationFailure.nonRetryable(message, 'engine_unavailable');
  }
  return outcomeOf(await ending.catch(reasonOf), caller.consideredCancelled);
}

function requestOf(id: string, request: ApprovalRequest): HostRequest {
  const { operation, input, justification, requester, ticket, decideWithinMs, executeWithinMs } = request;
  return {
    id,
    operation,
    input,
    justification,
    requester,
    ticket: ticket ?? null,
    decideWithinMs: decideWithinMs ?? null,
    executeWithinMs: executeWithinMs ?? null,
    tellsTakenUp: true,
    submission: null,
  };
}

function outcomeOf(change: Change, isCancelled: boolean): Change {
  const { decisionStatus, executionStatus, outcome } = change;
  const succeeded = executionStatus === 'succeeded';
  if (succeeded && !isCancelled) return change;
  const message = outcome?.message ?? decisionStatus;
  if (isCancelled && (executionStatus === 'not_started' || executionStatus === 'cancelled')) {
    throw new CancelledFailure(message, [change]);
  }
  const type = succeeded ? 'call_started' : decisionStatus === 'approved' ? 'not_executed' : 'not_approved';
  throw ApplicationFailure.create({ type, nonRetryable: true, message, details: [change] });
}

/** Why the change could not begin: the type is the caller's to tell by, not a wrapper's. */
function reasonOf(error: unknown): never {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : undefined;
  const reason = cause instanceof ApplicationFailure ? cause : error;
  log.warn('the change could not begin', { error: reason });
  throw reason;
}

/** The request as JSON has it. What has no JSON would be tried for ever. */
function jsonOf(request: HostRequest): HostRequest {
  try {
    return JSON.parse(JSON.stringify(request)) as HostRequest;
  } catch (error) {
    throw ApplicationFailure.nonRetryable(`the request is no JSON: ${String(error)}`, 'invalid_request');
  }
}
