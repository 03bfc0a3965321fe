import { isCancellation, patched } from '@temporalio/workflow';
import type { CancellationScope } from '@temporalio/workflow';
import type { JsonObject } from '../domain/json.ts';
import { outcomeOf } from './approval.ts';
import type { Approval } from './approval.ts';
import { reasonOf } from './ask.ts';
import type { Asked } from './ask.ts';
import type { Asking } from './host-request.ts';

/** A call of `requireApproval`: the scope that it was made in, and what becomes of it where that is cancelled. */
export interface Call extends Pick<Asking, 'onCancel'> {
  readonly scope: CancellationScope;
}

/** The first call of a run under a key: its scope decides what becomes of the change. */
export interface FirstCall<Output extends JsonObject = JsonObject> extends Call {
  readonly asked: Promise<Asked<Output>>;
}

/** Earlier versions answered every call under a key as the first one. */
const ownScopes = () => patched('countersign-scopes-of-a-key');

/**
 * The approval of a change that another call in another scope has asked for. Where the caller's scope is cancelled it is
 * waited for no longer, and the change stays. Where that of the first call is cancelled, the caller hears how the change has ended.
 */
export async function sharedApproval<Output extends JsonObject>(
  caller: Call,
  first: FirstCall<Output>,
): Promise<Approval<Output>> {
  const asked = await unlessLeft(caller, first, first.asked);
  const { id, url } = asked.approval;
  return {
    id,
    url,
    result: async () => {
      const end = await unlessLeft(caller, first, asked.ending.catch(reasonOf));
      return outcomeOf<Output>(end, asked.isCancelled() && (isWithdrawn(caller) || !ownScopes()));
    },
  };
}

/** Whether a call asks itself: the first one under its key was cancelled before there was a change, and this one was not. */
export function asksAnew(caller: Call, error: unknown): boolean {
  return isCancellation(error) && !isWithdrawn(caller) && ownScopes();
}

/** Waits until the caller's scope is cancelled. With that of the first call as well, the end of the change is waited for. */
async function unlessLeft<T>(caller: Call, first: Call, work: Promise<T>): Promise<T> {
  const left = caller.scope.cancelRequested.catch((error: unknown) => {
    if (isWithdrawn(caller) && !isWithdrawn(first) && ownScopes()) throw error;
    return new Promise<never>(() => undefined);
  });
  return await Promise.race([work, left]);
}

/** A cancellation reaches the inner scopes of a scope one after the other. */
function isWithdrawn({ scope, onCancel }: Call): boolean {
  if (onCancel === 'wait') return false;
  for (let each: CancellationScope | undefined = scope; each?.cancellable; each = each.parent)
    if (each.consideredCancelled) return true;
  return false;
}
