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
import { openedSignalOf } from '../domain/host.ts';
import type { Opened } from '../domain/host.ts';
import type { JsonObject } from '../domain/json.ts';
import { outcomeOf } from './approval.ts';
import type { Approval } from './approval.ts';
import type { Asking } from './host-request.ts';
import { followWorkflowType } from './messages.ts';
import { PlainValue } from './plain-value.ts';

type Child = ChildWorkflowHandle<(request: HostRequest) => Promise<ChangeEnd>>;

/** A change that was asked for and is open. */
export interface Asked<Output extends JsonObject = JsonObject> {
  /** For whoever has asked. */
  readonly approval: Approval<Output>;
  readonly ending: Promise<ChangeEnd>;
  /** The scope of whoever has asked decides what becomes of the change. */
  readonly isCancelled: () => boolean;
}

/**
 * Starts the change of a request, and answers once it is open. The scope in which it is called is that of the caller.
 *
 * @throws as `requireApproval` does
 */
export async function ask<Output extends JsonObject>(
  request: HostRequest,
  { onCancel, beginWithinMs, installation }: Asking,
): Promise<Asked<Output>> {
  const caller = CancellationScope.current();
  const isCancelled = () => onCancel === 'withdraw' && caller.consideredCancelled;
  const newScope = () => Promise.resolve(new CancellationScope());
  const scope = await (onCancel === 'withdraw' ? newScope() : CancellationScope.nonCancellable(newScope));
  let begun: BegunChild;
  try {
    begun = await begin(scope, request, installation);
  } catch (error) {
    // Cancelled before its child was sent off, say.
    return reasonOf(error);
  }
  const { ending } = begun;
  const isBegun = () => begun.opened !== null || begun.isOver;
  await CancellationScope.nonCancellable<unknown>(() =>
    beginWithinMs === null ? condition(isBegun) : condition(isBegun, beginWithinMs),
  );
  if (!isBegun()) {
    scope.cancel();
    const { namespace } = workflowInfo();
    const message = `no worker of installation ${installation} in namespace ${namespace} opened change ${request.id} within ${String(beginWithinMs)} ms`;
    log.warn(message);
    throw isCancelled()
      ? new CancelledFailure(message)
      : ApplicationFailure.nonRetryable(message, 'engine_unavailable');
  }
  const url = begun.opened === null ? (await ending.catch(reasonOf)).url : begun.opened.url;
  const result = async () => outcomeOf<Output>(await ending.catch(reasonOf), isCancelled());
  return { approval: { id: request.id, url, result }, ending, isCancelled };
}

/** A child that was started, and what it has told since. */
interface BegunChild {
  opened: Opened | null;
  isOver: boolean;
  readonly ending: Promise<ChangeEnd>;
}

/** Starts the change; where an earlier run of this workflow has asked for it, a workflow that follows it. */
async function begin(scope: CancellationScope, request: HostRequest, taskQueue: string): Promise<BegunChild> {
  const { id } = request;
  try {
    return await beginChild(scope, request, {
      taskQueue,
      type: changeWorkflowType,
      workflowId: workflowIdOf(id),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return await beginChild(scope, request, {
      taskQueue,
      type: followWorkflowType,
      workflowId: `follow-${uuid4()}`,
    });
  }
}

async function beginChild(
  scope: CancellationScope,
  request: HostRequest,
  {
    type,
    workflowId,
    taskQueue,
  }: { readonly type: string; readonly workflowId: string; readonly taskQueue: string },
): Promise<BegunChild> {
  const told: { opened: Opened | null; isOver: boolean } = { opened: null, isOver: false };
  setHandler(defineSignal<[Opened]>(openedSignalOf(workflowId)), (opened) => {
    told.opened = opened;
  });
  const child: Child = await scope.run(() =>
    startChild<(request: HostRequest) => Promise<ChangeEnd>>(type, {
      workflowId,
      taskQueue,
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
export function reasonOf(error: unknown): never {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : undefined;
  const isTyped = cause instanceof ApplicationFailure || cause instanceof CancelledFailure;
  const reason = isTyped ? cause : error;
  log.warn('the change failed', { error: reason });
  throw reason;
}
