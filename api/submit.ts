import type { Change, ChangeRequest } from '../domain/change.ts';
import { refusalOfEvent, requestedEvent } from '../domain/change-event.ts';
import { allowed, CountersignError, httpStatusOfCode } from '../domain/error.ts';
import { newStatement } from '../domain/statement.ts';
import type { Statement } from '../domain/statement.ts';
import { askedMembers } from '../domain/asked.ts';
import { newChange } from '../domain/evolve.ts';
import { submissionText } from '../domain/submission.ts';
import { personKey } from '../domain/membership.ts';
import { answerableFor } from '../domain/person.ts';
import { sha256 } from './sha256.ts';
import type { Person } from '../domain/person.ts';
import { hasOwnDigest } from '../domain/policy-digest.ts';
import { assertServedRegion } from '../operations/served-region.ts';
import { getChange } from '../store/get-change.ts';
import { getChangeByKey } from '../store/get-change-by-key.ts';
import { findBreakGlass } from '../store/find-break-glass.ts';
import { getPolicyRevocation } from '../store/get-policy-revocation.ts';
import { getOpenChange } from '../store/get-open-change.ts';
import { choosePolicy } from '../policies/choose.ts';
import { touchReadiness } from '../store/touch-readiness.ts';
import { requireRole } from './caller.ts';
import type { ApiDependencies } from './dependencies.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { takeOver } from './take-over.ts';
import { isRefusal } from './refusal-log.ts';
import { assertSubmittable, readSubmission, underPolicy } from './submission.ts';
import type { AskedChange } from './submission.ts';

/** What `POST /v1/changes` got. */
export interface Submittal {
  readonly person: Person;
  readonly body: unknown;
  /** The header `Idempotency-Key`. */
  readonly key: string | string[] | undefined;
  readonly source: string | null;
}

/** Whether the change was made now, and the change. */
export interface Submission {
  readonly created: boolean;
  readonly change: Change;
}

/**
 * Submits changes: each exactly once for a person's key, and one at a time for a target. What Postgres knows is answered
 * without the engine. Refusals are recorded; malformed input is not.
 */
export function makeSubmit(deps: ApiDependencies): (submittal: Submittal) => Promise<Submission> {
  const { db, engine, signer, operations, policies, region, refusals, now = Date.now } = deps;

  async function refused(
    { person, body, source }: Submittal,
    error: CountersignError,
    change: Change | null,
  ): Promise<never> {
    const asked = (body as { operation?: unknown } | null | undefined)?.operation;
    const operation = typeof asked === 'string' ? (operations.get(asked)?.name ?? null) : null;
    await refusals.record({ type: 'request.refused', person, change, wanted: { operation }, error, source });
    throw error;
  }

  /** What Postgres has under the key, if it has it. */
  async function known(
    submittal: Submittal,
    request: Pick<ChangeRequest, 'idempotency'>,
  ): Promise<Change | null> {
    if (!request.idempotency) return null;
    const { key, bodyDigest } = request.idempotency;
    const { issuer, subject } = submittal.person;
    const found = await getChangeByKey(db, { issuer, subject, key });
    if (found && found.bodyDigest !== bodyDigest) {
      return await refused(submittal, keyReused(found.change.id), found.change);
    }
    return found?.change ?? null;
  }

  /**
   * What a request comes to that something stands in the way of. A request with the same key may have opened the change
   * since it was looked for: then that is the answer, and what stood in the way was the change itself.
   */
  async function insteadOf(
    error: CountersignError,
    submittal: Submittal,
    asked: AskedChange,
    holder: Change | null,
  ): Promise<Submission> {
    const own = await known(submittal, asked).catch((failed: unknown) => {
      // Where Postgres does not answer either, it is told what was first.
      if (failed instanceof CountersignError || !isServerFault(error)) throw failed;
      return null;
    });
    if (own) return { created: own.submittedAt === asked.submittedAt, change: own };
    if (isServerFault(error) || error.code === 'change_closed') {
      // Whoever gets no answer can look for the change later.
      const extra = { ...error.extra, changeId: asked.id };
      if (isServerFault(error))
        throw new CountersignError(error.code, error.message, { extra, cause: error });
      const message = 'the change could not be opened; send the same Idempotency-Key again';
      throw new CountersignError('engine_unavailable', message, { extra, cause: error });
    }
    if (!isRefusal(error)) throw error;
    const id = holder?.id ?? error.extra.changeId;
    if (typeof id !== 'string') return await refused(submittal, error, null);
    return await refused(submittal, named(error, id), holder ?? (await getChange(db, id)));
  }

  /** The open change on the request's target, if there is one. */
  async function holderOf({ target }: ChangeRequest): Promise<Change | null> {
    const id = await getOpenChange(db, target.id);
    return id === null ? null : getChange(db, id);
  }

  /** Why a change was not taken up: workers that cannot write do not answer, and are not to blame. */
  async function reasonOf(error: CountersignError): Promise<CountersignError> {
    if (error.code !== 'engine_unavailable') return error;
    return touchReadiness(db).then(
      () => error,
      (cause: unknown) => new CountersignError('log_unavailable', 'the log takes no entries now', { cause }),
    );
  }

  return async (submittal) => {
    const { person } = submittal;
    try {
      requireRole(person, 'requester');
    } catch (error) {
      return await refused(submittal, error as CountersignError, null);
    }
    const asked = readSubmission(operations, { ...submittal, now: now() });
    const before = await known(submittal, asked);
    if (before) return { created: false, change: before };

    assertServedRegion(operations.get(asked.operation), asked.target, region);
    let request: ChangeRequest;
    let signed: ChangeRequest;
    let holder: Change | null = null;
    const open = async () => {
      await assertAllowed(deps, request);
      holder = await holderOf(request);
      if (holder && request.breakGlass) await takeOver(deps, request, holder);
      else if (holder) throw taken(holder.id);
      holder = null;
      await engine.submit(signed);
    };
    try {
      // At the moment that is signed: the worker asks its own file about the same one.
      request = underPolicy(asked, choosePolicy(policies.current(), asked, Date.parse(asked.submittedAt)));
      assertPolicy(deps, request);
      assertSubmittable(request, now());
      signed = { ...request, submission: signer.sign(submissionOf(request)) };
      allowed(refusalOfEvent(newChange(request), requestedEvent(signed, null)));
      // Who breaks the glass several times at once takes over one target, and not one for each that is then refused.
      if (request.breakGlass) await oneAtATime(db, 'break glass', personKey(answerableFor(person)), open);
      else await open();
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error;
      return await insteadOf(await reasonOf(error), submittal, asked, holder);
    }
    // A racing request with the same key met ours in one workflow: what is stored says whose it is.
    const change = (await known(submittal, request)) ?? (await getChange(db, request.id));
    if (!change) throw new CountersignError('log_unavailable', 'the change was written and cannot be read');
    return { created: change.submittedAt === request.submittedAt, change };
  };
}

/** @throws CountersignError `policy_digest_differs`: it would be known, and revoked, as another one */
function assertPolicy({ alarm }: ApiDependencies, { id, policy }: ChangeRequest): void {
  if (hasOwnDigest(policy, sha256)) return;
  const { name, version, digest } = policy;
  const message = `policy ${name}, version ${version} does not have the digest that it is loaded under`;
  alarm?.('policy_digest_differs', message, { changeId: id, digest });
  throw new CountersignError('policy_digest_differs', message);
}

/**
 * What only Postgres knows of a request: that its policy stands, and that who breaks the glass owes no review.
 * @throws CountersignError `policy_revoked` (403), `review_owed` (409)
 */
async function assertAllowed({ db }: ApiDependencies, request: ChangeRequest): Promise<void> {
  const { policy, breakGlass, requester } = request;
  if (await getPolicyRevocation(db, policy.digest)) {
    throw new CountersignError(
      'policy_revoked',
      `version ${policy.version} of policy ${policy.name} is revoked`,
    );
  }
  // The transaction that opens the change decides; this spares the change on its target from being taken over in vain.
  const owed = breakGlass ? await findBreakGlass(db, answerableFor(requester)) : null;
  if (owed !== null) throw reviewOwed(owed);
}

/** What the API attests of a submission: who asked for just this, and that their token was verified. */
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

/** A refusal that names the change in the way as the API says it: the worker's words name no field. */
function named(error: CountersignError, changeId: string): CountersignError {
  if (error.errors.length > 0) return error;
  if (error.code === 'open_change_exists') return taken(changeId);
  return error.code === 'key_reused' ? keyReused(changeId) : error;
}

function taken(changeId: string): CountersignError {
  return new CountersignError('open_change_exists', `change ${changeId} is open on this target`, {
    errors: [{ field: 'input', rule: 'one_open_change', message: 'the target has an open change' }],
    extra: { changeId },
  });
}

function reviewOwed(changeId: string): CountersignError {
  const message = `change ${changeId} has broken the glass before, and its review is not signed yet`;
  return new CountersignError('review_owed', message, { extra: { changeId } });
}

function keyReused(changeId: string): CountersignError {
  return new CountersignError('key_reused', 'this Idempotency-Key was used with another body', {
    errors: [{ field: 'Idempotency-Key', rule: 'same_body', message: 'was used with another body' }],
    extra: { changeId },
  });
}
