import { ApplicationFailure, uuid4, workflowInfo } from '@temporalio/workflow';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { HostRequest, Ticket } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import { changeIdOfHostKey, hostKeyOf } from '../domain/host-key.ts';
import { defaultInstallation, installationFault } from '../domain/installation.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PersonId } from '../domain/person.ts';
import { failureOf } from './failure.ts';

/** What a workflow says when it asks for an approval. The service's policies say who has to agree, when, and by when. */
export interface ApprovalOptions {
  /** Why; approvers read it. */
  readonly justification: string;
  /** On whose behalf: never one of the approvers. The host workflow vouches for it. */
  readonly requester: PersonId;
  readonly ticket?: Omit<Ticket, 'url'> & { readonly url?: string | null };
  /**
   * The workflow's own name for this request, 1 to 200 characters. In a retry, after a reset or a continue-as-new, the same
   * key is the same change: people are not asked again. Its scope is the workflow id and the first run of the chain.
   * Without it each call asks anew.
   */
  readonly key?: string;
  /**
   * What becomes of the change when the caller is cancelled: `withdraw` (the default) withdraws it unless its call has begun,
   * which is waited for; `wait` leaves it to the approvers, and the result is waited for as before.
   */
  readonly onCancel?: 'withdraw' | 'wait';
  /** How long people may take to decide, in ms, where that is to be shorter than the policy says. */
  readonly decideWithinMs?: number;
  /** How long after approval the call may be made, in ms, where that is to be shorter than the policy says. */
  readonly executeWithinMs?: number;
  /** The service that is asked, where several share the namespace: its `COUNTERSIGN_INSTALLATION`; default `countersign`. */
  readonly installation?: string;
  /** How long the service may take to open the change, in ms; default 30,000. */
  readonly beginWithinMs?: number;
}

/**
 * What a host asks for, as JSON has it.
 *
 * @throws ApplicationFailure `invalid_request` naming the member: what has no JSON would be tried for ever
 */
export function hostRequestOf(
  operation: { readonly name: string; readonly version: string },
  input: JsonObject,
  options: ApprovalOptions,
): HostRequest {
  // Nothing but a type says what they are: code without types may give anything.
  const { name, version } = objectIn('operation', operation);
  const asked = objectIn('options', options);
  const { justification, requester, ticket, key, onCancel, decideWithinMs, executeWithinMs } = asked;
  const { beginWithinMs, installation = defaultInstallation } = asked;
  const { issuer, subject } = objectIn('requester', requester);
  if (key !== undefined && !(typeof key === 'string' && key.length > 0 && key.length <= 200))
    throw invalid('key: expected 1 to 200 characters');
  if (onCancel !== undefined && !['withdraw', 'wait'].includes(onCancel))
    throw invalid('onCancel: expected withdraw or wait');
  if (beginWithinMs !== undefined && !(beginWithinMs > 0)) throw invalid('beginWithinMs: expected a number');
  const fault = installationFault(installation);
  if (fault !== null) throw invalid(`installation: ${fault}`);
  const request = {
    operation: text('operation.name', name),
    operationVersion: text('operation.version', version),
    input: objectIn('input', input),
    justification: text('justification', justification),
    requester: { issuer: text('requester.issuer', issuer), subject: text('requester.subject', subject) },
    ticket: ticket ? { ...ticket, url: ticket.url ?? null } : null,
    key: key ?? null,
    decideWithinMs: decideWithinMs ?? null,
    executeWithinMs: executeWithinMs ?? null,
    tellsOpened: true,
    submission: null,
  };
  return { id: changeIdFor(request.key, installation), ...asJson(request) };
}

function changeIdFor(key: string | null, installation: string): string {
  if (key === null) return uuid4();
  return changeIdOfHostKey(hostKeyOf(workflowInfo().firstExecutionRunId, key, installation));
}

/** Members that are undefined are none; what else is no JSON is refused, not made something else. */
function asJson<T extends object>(request: T): T {
  try {
    const kept = withoutUndefined(request) as T;
    canonicalJson(kept);
    return kept;
  } catch (error) {
    if (error instanceof CountersignError) throw failureOf(error);
    throw invalid(`the request is no JSON: ${String(error)}`);
  }
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const kept = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutUndefined(member)]));
}

function objectIn<T extends object>(member: string, value: T | undefined): T {
  if (typeof value === 'object' && (value as unknown) !== null) return value;
  throw invalid(`${member}: expected an object`);
}

function text(member: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(`${member}: expected text`);
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'invalid_request');
}
