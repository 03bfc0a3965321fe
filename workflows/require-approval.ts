import { ApplicationFailure } from '@temporalio/workflow';
import { canonicalJson } from '../domain/canonical-json.ts';
import { hostRequestDigest } from '../domain/host-key.ts';
import { defaultInstallation } from '../domain/installation.ts';
import type { JsonObject } from '../domain/json.ts';
import type { OperationType } from '../operations/operation.ts';
import type { Approval } from './approval.ts';
import { ask } from './ask.ts';
import { hostRequestOf } from './host-request.ts';
import type { ApprovalOptions } from './host-request.ts';

/** What this run has asked an installation for under a key of its own. */
const asked = new Map<string, { readonly digest: string; readonly approval: Promise<Approval<never>> }>();

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
  const request = hostRequestOf(operation, input, options);
  const { key } = request;
  const { onCancel = 'withdraw', beginWithinMs = 30_000, installation = defaultInstallation } = options;
  const asking = { onCancel, beginWithinMs, installation };
  if (key === null) return await ask(request, asking);
  const digest = hostRequestDigest(request);
  const place = canonicalJson([installation, key]);
  const before = asked.get(place);
  if (before !== undefined) {
    if (before.digest === digest) return await before.approval;
    throw ApplicationFailure.nonRetryable(`the key ${key} is that of another request`, 'key_reused');
  }
  const approval = ask<Output>(request, asking);
  asked.set(place, { digest, approval: approval as Promise<Approval<never>> });
  approval.catch(() => asked.delete(place));
  return await approval;
}
