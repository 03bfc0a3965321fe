import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ChildWorkflowFailure,
  condition,
  defineSignal,
  log,
  ParentClosePolicy,
  setHandler,
  startChild,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import { changeWorkflowType, workflowIdOf } from '../domain/change.ts';
import type { ChangeEnd, HostRequest } from '../domain/change.ts';
import { hostRequestDigest } from '../domain/host-key.ts';
import type { JsonObject } from '../domain/json.ts';
import type { OperationType } from '../operations/operation.ts';
import { outcomeOf } from './approval.ts';
import type { Approval } from './approval.ts';
import { hostRequestOf } from './host-request.ts';
import type { ApprovalOptions } from './host-request.ts';
import { changeTaskQueue, followWorkflowType, openedSignalOf } from './messages.ts';
import type { Opened } from './messages.ts';
import { PlainValue } from './plain-value.ts';

type Child = ChildWorkflowHandle<(request: HostRequest) => Promise<ChangeEnd>>;

/** What this run has asked for under a key of its own. */
const asked = new Map<string, { readonly digest: string; readonly approval: Promise<Approval<never>> }>();

/**
 * Gates a step of any workflow: asks for a change of the operation with exactly this input, and returns once it is open,
 * before anybody has decided. Approved, it runs by itself; {@link Approval.result} waits for that. Needs a
 * `countersign worker` in the same namespace that allows this workflow's type (`COUNTERSIGN_HOSTS`).
 *
 * @param operation - what `defineOperation` makes, or its name and version with its types; with another version than the
 * service has the request is refused
 * @throws ApplicationFailure of type `engine_unavailable` (not open in time), `key_reused` (the key is that of another
 * request), or the code of another refusal, such as `invalid_request`, `host_not_allowed`, `no_policy`, `token_needed`,
 * `operation_out_of_step`, `policy_out_of_step`, `open_change_exists`
 * @throws CancelledFailure when the caller was cancelled before there was a change
 */
export async function requireApproval<Input extends JsonObject, Output extends JsonObject>(
  operation: OperationType<Input, Output>,
  input: NoInfer<Input>,
  options: ApprovalOptions,
): Promise<Approval<Output>> {
  const request = hostRequestOf(operation, input, options);
  const { key } = request;
  if (key === null) return await ask(request, options);
  const digest = hostRequestDigest(request);
  const before = asked.get(key);
  if (before !== undefined) {
    if (before.digest === digest) return await before.approval;
    throw ApplicationFailure.nonRetryable(`the key ${key} is that of another request`, 'key_reused');
  }
  const approval = ask<Output>(request, options);
  asked.set(key, { digest, approval: approval as Promise<Approval<never>> });
  approval.catch(() => asked.delete(key));
  return await approval;
}

async function ask<Output extends JsonObject>(
  request: HostRequest,
  { onCancel = 'withdraw', beginWithinMs = 30_000 }: ApprovalOptions,
): Promise<Approval<Output>> {
  const caller = CancellationScope.current();
  const isCancelled = () => onCancel === 'withdraw' && caller.consideredCancelled;
  const newScope = () => Promise.resolve(new CancellationScope());
  const scope = await (onCancel === 'withdraw' ? newScope() : CancellationScope.nonCancellable(newScope));
  const begun = await begin(scope, request);
  const { ending } = begun;
  await CancellationScope.nonCancellable(() =>
    condition(() => begun.opened !== null || begun.isOver, beginWithinMs),
  );
  if (begun.opened === null && !begun.isOver) {
    scope.cancel();
    const { namespace } = workflowInfo();
    const message = `no worker of Countersign in namespace ${namespace} opened change ${request.id} within ${beginWithinMs} ms`;
    log.warn(message, { taskQueue: changeTaskQueue });
    throw isCancelled()
      ? new CancelledFailure(message)
      : ApplicationFailure.nonRetryable(message, 'engine_unavailable');
  }
  const url = begun.opened === null ? (await ending.catch(reasonOf)).url : begun.opened.url;
  return {
    id: request.id,
    url,
    result: async () => outcomeOf(await ending.catch(reasonOf), isCancelled()),
  };
}

/** A child that was started, and what it has told since. */
interface BegunChild {
  opened: Opened | null;
  isOver: boolean;
  readonly ending: Promise<ChangeEnd>;
}

/** Starts the change; where an earlier run of this workflow has asked for it, a workflow that follows it. */
async function begin(scope: CancellationScope, request: HostRequest): Promise<BegunChild> {
  try {
    return await beginChild(scope, changeWorkflowType, workflowIdOf(request.id), request);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return await beginChild(scope, followWorkflowType, `follow-${uuid4()}`, request);
  }
}

async function beginChild(
  scope: CancellationScope,
  type: string,
  workflowId: string,
  request: HostRequest,
): Promise<BegunChild> {
  const told: { opened: Opened | null; isOver: boolean } = { opened: null, isOver: false };
  setHandler(defineSignal<[Opened]>(openedSignalOf(workflowId)), (opened) => {
    told.opened = opened;
  });
  const child: Child = await scope.run(() =>
    startChild<(request: HostRequest) => Promise<ChangeEnd>>(type, {
      workflowId,
      taskQueue: changeTaskQueue,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      args: [new PlainValue(request) as unknown as HostRequest],
    }),
  );
  const ending = child.result();
  const over = () => {
    told.isOver = true;
  };
  ending.then(over, over);
  return Object.assign(told, { ending });
}

/** Why the change failed, or could not begin: the type is the caller's to tell by, not a wrapper's. */
function reasonOf(error: unknown): never {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : undefined;
  const isTyped = cause instanceof ApplicationFailure || cause instanceof CancelledFailure;
  const reason = isTyped ? cause : error;
  log.warn('the change failed', { error: reason });
  throw reason;
}
