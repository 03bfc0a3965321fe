import { ApplicationFailure, patched, TemporalFailure, uuid4, workflowInfo } from '@temporalio/workflow';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { HostRequest, Ticket } from '../domain/change.ts';
import { longestMs } from '../domain/duration.ts';
import { CountersignError } from '../domain/error.ts';
import { changeIdOfHostKey, hostKeyOf, hostRequestDigest } from '../domain/host-key.ts';
import { defaultInstallation, installationFault } from '../domain/installation.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PersonId } from '../domain/person.ts';
import { requestLengthFault } from '../domain/request-length.ts';

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

/** How a change is asked for. */
export interface Asking {
  readonly onCancel: NonNullable<ApprovalOptions['onCancel']>;
  /** How long the service may take to open it, ms; null: as long as it takes. */
  readonly beginWithinMs: number | null;
  /** The service that is asked: its name is the task queue of its workflows. */
  readonly installation: string;
}

/** What a host asks for, and how. */
export interface HostAsks {
  /** Plain JSON: nothing of the host's own objects is read again. */
  readonly request: HostRequest;
  readonly asking: Asking;
  /** The request's digest, where it has a key; see {@link hostRequestDigest}. */
  readonly digest: string | null;
}

/**
 * What a host asks for, as JSON has it.
 *
 * @throws ApplicationFailure `invalid_request` naming the member, whatever the arguments are and whatever their getters throw:
 * with another error the workflow's task would be tried for ever
 */
export function hostAsks(
  operation: { readonly name: string; readonly version: string },
  input: JsonObject,
  options: ApprovalOptions,
): HostAsks {
  try {
    return readAsks(operation, input, options);
  } catch (error) {
    throw asFailure(error);
  }
}

function readAsks(
  operation: { readonly name: string; readonly version: string },
  input: JsonObject,
  options: ApprovalOptions,
): HostAsks {
  // Nothing but a type says what they are: code without types may give anything.
  const { name, version } = objectIn('operation', operation);
  const asked = objectIn('options', options);
  const {
    justification,
    requester,
    ticket,
    key,
    onCancel = 'withdraw',
    decideWithinMs,
    executeWithinMs,
  } = asked;
  const { beginWithinMs = 30_000, installation = defaultInstallation } = asked;
  const person = objectIn('requester', requester);
  const { issuer, subject } = person;
  if (key !== undefined && !(typeof key === 'string' && key.length > 0 && key.length <= 200))
    throw invalid('key: expected 1 to 200 characters');
  if (key !== undefined && (!key.isWellFormed() || key.includes('\u0000')))
    throw invalid('key: expected well-formed Unicode without U+0000');
  if (!['withdraw', 'wait'].includes(onCancel)) throw invalid('onCancel: expected withdraw or wait');
  if (!(beginWithinMs > 0)) throw invalid('beginWithinMs: expected a number');
  const fault = installationFault(installation);
  if (fault !== null) throw invalid(`installation: ${fault}`);
  const given = {
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
  // Before the request is judged: a replay has to draw as many random ids as the run did.
  const id = changeIdFor(given.key, installation);
  const json = canonicalJson(withoutUndefined(given));
  const strict = strictFault({ asked, person, ticket: given.ticket, beginWithinMs, json });
  if (strict !== null && patched('countersign-strict-request')) throw invalid(strict);
  const request: HostRequest = { ...(JSON.parse(json) as typeof given), id };
  return {
    request,
    asking: { onCancel, beginWithinMs, installation },
    digest: request.key === null ? null : hostRequestDigest(request),
  };
}

const optionNames = Object.keys({
  justification: true,
  requester: true,
  ticket: true,
  key: true,
  onCancel: true,
  decideWithinMs: true,
  executeWithinMs: true,
  installation: true,
  beginWithinMs: true,
} satisfies Record<keyof ApprovalOptions, true>);

/** What of a request is refused that earlier versions sent, or dropped: runs that began before go on as they did. */
function strictFault(of: {
  readonly asked: object;
  readonly person: object;
  readonly ticket: object | null;
  readonly beginWithinMs: number;
  readonly json: string;
}): string | null {
  const unknown = [
    ...unknownIn(of.asked, optionNames, ''),
    ...unknownIn(of.person, ['issuer', 'subject'], 'requester.'),
    ...unknownIn(of.ticket ?? {}, ['system', 'id', 'url'], 'ticket.'),
  ];
  if (unknown.length > 0) return `${unknown.slice(0, 10).join(', ')}: no such option`;
  // No timer is longer.
  if (!(of.beginWithinMs <= longestMs)) return `beginWithinMs: expected at most ${longestMs}`;
  return requestLengthFault(of.json);
}

/** Members that are undefined are none. */
function unknownIn(value: object, known: readonly string[], prefix: string): string[] {
  return Object.entries(value)
    .filter(([name, member]) => member !== undefined && !known.includes(name))
    .map(([name]) => `${prefix}${name.slice(0, 40)}`);
}

function changeIdFor(key: string | null, installation: string): string {
  if (key === null) return uuid4();
  return changeIdOfHostKey(hostKeyOf(workflowInfo().firstExecutionRunId, key, installation));
}

/** Members that are undefined are none; what else is no JSON is refused, not made something else. */
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

/** What was thrown may be the host's own, and throw again when it is looked at. */
function asFailure(error: unknown): TemporalFailure {
  try {
    if (error instanceof TemporalFailure) return error;
    if (error instanceof CountersignError)
      return ApplicationFailure.nonRetryable(told(error.message), error.code);
    return invalid(`the request cannot be read: ${String(error)}`);
  } catch {
    return invalid('the request cannot be read');
  }
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(told(message), 'invalid_request');
}

/** A message has to fit into a history, whatever the names of members in it. */
function told(message: string): string {
  return message.slice(0, 500).toWellFormed();
}
