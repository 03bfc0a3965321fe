import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { JsonObject } from '../domain/json.ts';
import type { OperationType } from '../operations/operation.ts';
import type { Approval } from './approval.ts';
import { ask } from './ask.ts';
import { hostAsks } from './host-request.ts';
import type { ApprovalOptions, HostAsks } from './host-request.ts';
import { asksAnew, sharedApproval } from './shared-approval.ts';
import type { FirstCall } from './shared-approval.ts';

/** What this run has asked an installation for under a key of its own. */
const askedBefore = new Map<string, { readonly digest: string; readonly first: FirstCall }>();

/**
 * Gates a step of any workflow: asks for a change of the operation with exactly this input, and returns once it is open,
 * before anybody has decided. Approved, it runs by itself; {@link Approval.result} waits for that. Needs a
 * `countersign worker` in the same namespace, of the installation that is asked, that allows this workflow's type (`COUNTERSIGN_HOSTS`).
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
  const asks = hostAsks(operation, input, options);
  if (asks.digest === null) return (await ask<Output>(asks.request, asks.asking)).approval;
  return await askOnce<Output>({ ...asks, digest: asks.digest });
}

/** Asks under a key: the first call of a run asks, and whoever comes later shares its change. */
async function askOnce<Output extends JsonObject>(
  asks: HostAsks & { readonly digest: string },
): Promise<Approval<Output>> {
  const { request, asking, digest } = asks;
  const place = canonicalJson([asking.installation, request.key]);
  const caller = { scope: CancellationScope.current(), onCancel: asking.onCancel };
  const before = askedBefore.get(place);
  if (before === undefined) {
    const asked = ask<Output>(request, asking);
    askedBefore.set(place, { digest, first: { ...caller, asked } });
    asked.catch(() => askedBefore.delete(place));
    return (await asked).approval;
  }
  if (before.digest !== digest)
    throw ApplicationFailure.nonRetryable(`the key ${request.key} is that of another request`, 'key_reused');
  const first = before.first as FirstCall<Output>;
  if (caller.scope === first.scope) return (await first.asked).approval;
  try {
    return await sharedApproval(caller, first);
  } catch (error) {
    if (asksAnew(caller, error)) return await askOnce(asks);
    throw error;
  }
}
