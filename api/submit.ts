import type { Change, ChangeRequest } from '../domain/change.ts';
import { refusalOfEvent, requestedEvent } from '../domain/change-event.ts';
import { allowed, CountersignError, httpStatusOfCode } from '../domain/error.ts';
import { newStatement } from '../domain/statement.ts';
import type { Statement } from '../domain/statement.ts';
import { askedMembers } from '../domain/asked.ts';
import { newChange } from '../domain/evolve.ts';
import { submissionText } from '../domain/submission.ts';
import { ticketFault } from '../domain/ticket-gate.ts';
import { personKey } from '../domain/membership.ts';
import { answerableFor } from '../domain/person.ts';
import { sha256 } from './sha256.ts';
import { hasOwnDigest } from '../domain/policy-digest.ts';
import { invalid } from '../operations/checked.ts';
import { assertServedRegion } from '../operations/served-region.ts';
import { getChange } from '../store/get-change.ts';
import { getChangeByKey } from '../store/get-change-by-key.ts';
import { getOpenChange } from '../store/get-open-change.ts';
import { choosePolicy } from '../policies/choose.ts';
import { touchReadiness } from '../store/touch-readiness.ts';
import { requireRole } from './caller.ts';
import type { ApiDependencies } from './dependencies.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { refusalToOpen, taken } from './refusal-to-open.ts';
import { takeOver } from './take-over.ts';
import { isRefusal } from './refusal-log.ts';
import { assertClocks, readSubmitRequest, withPolicy } from './submit-request.ts';
import type { RequestWithoutPolicy, SubmitRequest } from './submit-request.ts';

/** The change of a request, and whether this request made it or an earlier one did. */
export interface SubmitResult {
  readonly created: boolean;
  readonly change: Change;
}

/**
 * Submits changes: each exactly once for a person's key, and one at a time for a target. What Postgres knows is answered
 * without the engine. Refusals are recorded; malformed input is not.
 */
export function makeSubmit(deps: ApiDependencies): (sent: SubmitRequest) => Promise<SubmitResult> {
  const { db, engine, signer, operations, policies, region, refusals, now = Date.now, installation } = deps;

  async function refused(
    { person, body, source }: SubmitRequest,
    error: CountersignError,
    change: Change | null,
  ): Promise<never> {
    const asked = (body as { operation?: unknown } | null | undefined)?.operation;
    const operation = typeof asked === 'string' ? (operations.get(asked)?.name ?? null) : null;
    await refusals.record({ type: 'request.refused', person, change, wanted: { operation }, error, source });
    throw error;
  }

  /** The change that Postgres has under the request's key, or null. */
  async function known(
    sent: SubmitRequest,
    request: Pick<ChangeRequest, 'idempotency'>,
  ): Promise<Change | null> {
    if (!request.idempotency) return null;
    const { key, bodyDigest } = request.idempotency;
    const { issuer, subject } = sent.person;
    const found = await getChangeByKey(db, { issuer, subject, key });
    if (found && found.bodyDigest !== bodyDigest) {
      return await refused(sent, keyReused(found.change.id), found.change);
    }
    return found?.change ?? null;
  }

  /**
   * The answer to a request that met an error. Another request with the same key may have opened the change since this one
   * looked for it: then that change is the answer, and it was itself the cause of the error.
   */
  async function insteadOf(
    error: CountersignError,
    sent: SubmitRequest,
    read: RequestWithoutPolicy,
    holder: Change | null,
  ): Promise<SubmitResult> {
    const own = await known(sent, read).catch((failed: unknown) => {
      // When Postgres does not answer either, the first error is the one to report.
      if (failed instanceof CountersignError || !isServerFault(error)) throw failed;
      return null;
    });
    if (own) return { created: own.submittedAt === read.submittedAt, change: own };
    if (isServerFault(error) || error.code === 'change_closed') {
      // With its id the client can look for the change later.
      const extra = { ...error.extra, changeId: read.id };
      if (isServerFault(error))
        throw new CountersignError(error.code, error.message, { extra, cause: error });
      const message = 'the change could not be opened; send the same Idempotency-Key again';
      throw new CountersignError('engine_unavailable', message, { extra, cause: error });
    }
    if (!isRefusal(error)) throw error;
    const id = holder?.id ?? error.extra.changeId;
    if (typeof id !== 'string') return await refused(sent, error, null);
    return await refused(sent, named(error, id), holder ?? (await getChange(db, id)));
  }

  /** The open change on the request's target, if there is one. */
  async function holderOf({ target }: ChangeRequest): Promise<Change | null> {
    const id = await getOpenChange(db, target.id);
    return id === null ? null : getChange(db, id);
  }

  /** The cause of a change that did not start: workers do not answer while they cannot write to the log. */
  async function reasonOf(error: CountersignError): Promise<CountersignError> {
    if (error.code !== 'engine_unavailable') return error;
    return touchReadiness(db).then(
      () => error,
      (cause: unknown) => new CountersignError('log_unavailable', 'the log takes no entries now', { cause }),
    );
  }

  return async (sent) => {
    const { person } = sent;
    try {
      requireRole(person, 'requester');
    } catch (error) {
      return await refused(sent, error as CountersignError, null);
    }
    const read = readSubmitRequest(operations, sent, now(), installation);
    const before = await known(sent, read);
    if (before) return { created: false, change: before };

    assertServedRegion(operations.get(read.operation), read.target, region);
    let request: ChangeRequest;
    let signed: ChangeRequest;
    let holder: Change | null = null;
    const open = async () => {
      allowed(await refusalToOpen(db, request));
      holder = await holderOf(request);
      if (holder && request.breakGlass) await takeOver(deps, request, holder);
      else if (holder) throw taken(holder.id);
      holder = null;
      await engine.submit(signed);
    };
    try {
      // Chosen for the moment that is signed: the worker asks its own policy file about the same moment.
      request = withPolicy(read, choosePolicy(policies.current(), read, Date.parse(read.submittedAt)));
      assertPolicy(deps, request);
      const unticketed = ticketFault(request.policy.ticket, request.ticket);
      if (unticketed) throw invalid([unticketed]);
      assertClocks(request, now());
      signed = { ...request, submission: signer.sign(submissionOf(request)) };
      allowed(refusalOfEvent(newChange(request), requestedEvent(signed, null)));
      // Who breaks the glass several times at once takes over one target, and not one for each that is then refused.
      if (request.breakGlass) await oneAtATime(db, 'break glass', personKey(answerableFor(person)), open);
      else await open();
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error;
      return await insteadOf(await reasonOf(error), sent, read, holder);
    }
    // A racing request with the same key ends in the same workflow: the stored change says which of the two made it.
    const change = (await known(sent, request)) ?? (await getChange(db, request.id));
    if (!change) throw noTraceOf(request.id);
    return { created: change.submittedAt === request.submittedAt, change };
  };
}

/** @throws CountersignError `policy_digest_differs`: the policy would be known, and revoked, under a wrong digest */
function assertPolicy({ alarm }: ApiDependencies, { id, policy }: ChangeRequest): void {
  if (hasOwnDigest(policy, sha256)) return;
  const { name, version, digest } = policy;
  const message = `policy ${name}, version ${version} does not have the digest that it is loaded under`;
  alarm?.('policy_digest_differs', message, { changeId: id, digest });
  throw new CountersignError('policy_digest_differs', message);
}

/** The statement that the API signs of a submission: who asked for exactly this. Their token was verified. */
export function submissionOf(request: ChangeRequest): Statement {
  const { requester, submittedAt } = request;
  const change = newChange(request);
  const digest = sha256(submissionText(askedMembers(change), submittedAt));
  // The justification is part of what the digest is made of.
  const said = { kind: 'submission', action: 'submit', comment: '', digest } as const;
  return newStatement(said, change, requester, submittedAt);
}

function isServerFault({ code }: CountersignError): boolean {
  return httpStatusOfCode[code] >= 500;
}

/** A refusal with the API's own message about the change in the way: the worker's message names no field. */
function named(error: CountersignError, changeId: string): CountersignError {
  if (error.errors.length > 0) return error;
  if (error.code === 'open_change_exists') return taken(changeId);
  if (error.code === 'ticket_taken') return ticketTaken(changeId);
  return error.code === 'key_reused' ? keyReused(changeId) : error;
}

function ticketTaken(changeId: string): CountersignError {
  return new CountersignError('ticket_taken', `change ${changeId} is open under this ticket`, {
    errors: [{ field: 'ticket', rule: 'one_open_change', message: 'the ticket has an open change' }],
    extra: { changeId },
  });
}

function keyReused(changeId: string): CountersignError {
  return new CountersignError('key_reused', 'this Idempotency-Key was used with another body', {
    errors: [{ field: 'Idempotency-Key', rule: 'same_body', message: 'was used with another body' }],
    extra: { changeId },
  });
}

/** A worker has opened the change, and this API's database does not have it. */
function noTraceOf(changeId: string): CountersignError {
  const message =
    'the change was written and cannot be read in this API’s database; the worker may have another one';
  return new CountersignError('change_not_here', message, { extra: { changeId } });
}
