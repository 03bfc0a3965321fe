import type { Attempt, Change, ChangeRequest, MissingSeats, Outcome, Ticket } from './change.ts';
import type { Block } from './block.ts';
import { changeMembers, newEntryBody, personActor, refusalOfLength, statedActor } from './entry.ts';
import type { CountersignError } from './error.ts';
import type { EntryBody, EventType } from './entry.ts';
import { hostMembers } from './host.ts';
import type { Host } from './host.ts';
import type { JsonObject } from './json.ts';
import type { Person, PersonId } from './person.ts';
import type { PinnedPolicy } from './policy.ts';
import type { Narrowed } from './reevaluation.ts';
import { statementJson } from './statement.ts';
import type { SignedStatement, Statement } from './statement.ts';
import type { DecisionStatus, ExecutionStatus } from './status.ts';
import type { Target } from './target.ts';

/** What every event has: its type, when it happened (ISO 8601) and who caused it. */
export interface Happened<T extends EventType> {
  readonly type: T;
  readonly time: string;
  readonly actor: JsonObject;
}

/** What a person said, as the API signed it: with the comment, and with everything that is known of the person. */
export interface Said {
  readonly statement: Statement;
  readonly signature: { readonly keyId: string; readonly value: string };
  /** Where the request came from (an address), or null. */
  readonly source: string | null;
}

/** Why a change was stopped otherwise than by its requester's or an operator's word. */
export type StopCode =
  'taken_over' | 'policy_revoked' | 'host_cancelled' | 'workflow_cancelled' | 'stop_word_stands';

/** Somebody's word, or a rule, has stopped the change before its end. */
export interface Stopped extends Partial<Said> {
  readonly code?: StopCode;
  /** The place of the word among the words of the change, from 1; absent where nobody has said one. */
  readonly ordinal?: number;
  readonly host?: JsonObject;
}

/** How an attempt ended. */
export type AttemptEnd = Pick<
  Attempt,
  'ordinal' | 'class' | 'httpStatus' | 'code' | 'message' | 'requestId' | 'sentAt'
>;

/** A change was asked for, with everything that was asked for. */
export interface Requested extends Happened<'change.requested'>, Partial<Said> {
  readonly changeId: string;
  readonly operation: string;
  readonly operationVersion: string;
  readonly inputSchemaDigest: string;
  /** The target's id. */
  readonly target: string;
  readonly scope: Target['scope'];
  readonly label: string;
  readonly input: JsonObject;
  readonly justification: string;
  readonly ticket: Ticket | null;
  readonly breakGlass: boolean;
  /** Not in this entry, which names it: whoever reads the entry adds it from the policy's own. */
  readonly pinnedPolicy: PinnedPolicy;
  readonly submittedAt: string;
  readonly decideBy: string;
  readonly executeAfter: string | null;
  readonly executeBy: string | null;
  readonly executeWithinMs: number;
  readonly idempotency: { readonly key: string; readonly bodyDigest: string } | null;
  /** Who asked, where it was not the API. */
  readonly host?: JsonObject;
}

/** The target was read and shown; a round of decisions begins. */
export interface Prechecked extends Happened<'change.prechecked'> {
  readonly snapshot: JsonObject | null;
  readonly digest: string;
  readonly round: number;
  readonly readRequestId: string | null;
  /** What is against the change, where its policy only wants it shown. */
  readonly warning: { readonly code: string; readonly message: string } | null;
}

/** The target makes the change pointless, or an admin revoked its policy before any call: then somebody has said so. */
export interface Refused extends Happened<'change.refused'>, Partial<Said> {
  readonly code: string;
  readonly message?: string;
  readonly requestId?: string | null;
  readonly snapshot?: JsonObject | null;
  readonly ordinal?: number;
}

/** The policy is satisfied. */
export interface Scheduled extends Happened<'change.scheduled'> {
  readonly executeAfter: string | null;
  readonly executeBy: string;
  readonly breakGlass: boolean;
  readonly standard: boolean;
  /** Seats that a break-glass change left empty. */
  readonly skipped: readonly Pick<MissingSeats, 'stage' | 'group' | 'seats'>[];
}

export interface Decided extends Happened<'decision.approved' | 'decision.rejected'>, Said {
  readonly round: number;
  /** What the approver was shown. */
  readonly input: JsonObject;
  readonly snapshot: JsonObject | null;
}

/** Those who are still missing were reminded. */
export interface Reminded extends Happened<'change.reminded'> {
  readonly missing: readonly Pick<MissingSeats, 'stage' | 'group' | 'seats'>[];
}

/** Approvers have lost their right, or count under fewer groups of the directory. */
export interface Lapsed extends Happened<'decision.lapsed'> {
  readonly lapsed: readonly PersonId[];
  readonly narrowed: readonly Narrowed[];
  readonly missing: readonly Pick<MissingSeats, 'stage' | 'group' | 'seats'>[];
  /** More than an entry can name: then every approval lapses, and nobody is named. */
  readonly all?: true;
}

export interface Closed extends Happened<'change.closed'> {
  readonly decisionStatus: DecisionStatus;
  readonly executionStatus: ExecutionStatus;
  readonly outcome: Outcome;
}

/**
 * What happens to a change: the members of its entries that say it, beside those that every entry of the change has
 * (`entryBodyOf`). A change is what its events make of it, see `domain/evolve.ts`.
 */
export type ChangeEvent =
  | Requested
  | Prechecked
  | Refused
  | Scheduled
  | Decided
  | Reminded
  | Lapsed
  | Closed
  | (Happened<'decision.withdrawn'> & Said)
  | (Happened<'change.escalated'> & { readonly group: string | null; readonly escalatedAt: string })
  | (Happened<'change.drifted'> & { readonly message: string; readonly called: boolean })
  | (Happened<'change.held'> & { readonly held: Block; readonly called: boolean })
  | (Happened<'change.paused' | 'change.resumed' | 'change.retried'> & Stopped)
  | (Happened<'change.withdrawn' | 'change.abandoned'> & Stopped)
  | (Happened<'change.expired'> & { readonly decideBy: string })
  | (Happened<'change.reconciled'> & { readonly requestId: string | null })
  | (Happened<'attempt.started'> & { readonly attempt: { readonly ordinal: number } })
  | (Happened<'attempt.succeeded' | 'attempt.failed' | 'attempt.unknown'> & {
      readonly attempt: AttemptEnd;
      /** What the call answered, where its operation describes an output. */
      readonly output?: JsonObject;
    })
  | (Happened<'review.signed'> & Said);

/** The types of events. */
export type ChangeEventType = ChangeEvent['type'];

/** The body of the entry that tells an event. @param before - the change before it; for its first one, as it was asked for */
export function entryBodyOf(before: Change, event: ChangeEvent, temporal: JsonObject): EntryBody {
  const { pinnedPolicy: _, ...members } = event as unknown as JsonObject &
    Pick<EntryBody, 'type' | 'time' | 'actor'>;
  return newEntryBody({ ...changeMembers(before), temporal, ...members });
}

/** Room for the member `temporal` of an entry, of which only its writer knows how long it is. */
const temporalRoom = { room: 'x'.repeat(600) };

/**
 * Why the entry of an event cannot be written; null when it can. Asked before anything is accepted of a person that would
 * have to be written: what has been accepted, its workflow could not refuse any more.
 *
 * @returns null, or `invalid_request` (400)
 */
export function refusalOfEvent(before: Change, event: ChangeEvent): CountersignError | null {
  return refusalOfLength(entryBodyOf(before, event, temporalRoom), event.type);
}

/** A statement with its signature, whose it is, and where it came from, as members of an event. */
export function saidMembers({ statement, keyId, signature }: SignedStatement, source: string | null) {
  const actor = statedActor(statement.person);
  return { actor, statement, signature: { keyId, value: signature }, source } satisfies Said & {
    actor: object;
  };
}

/** The same for the body of an entry that is none of the change's events. */
export function saidInEntry(signed: SignedStatement, source: string | null) {
  const said = saidMembers(signed, source);
  return { ...said, statement: statementJson(signed.statement) };
}

/** The statement that an event stands on, as it was signed; null where nobody has said it. */
export function signedIn(event: Partial<Said>): SignedStatement | null {
  const { statement, signature } = event;
  if (statement === undefined || signature === undefined) return null;
  return { statement, keyId: signature.keyId, signature: signature.value };
}

/** Who asked for a change, as its first event tells it. */
export function requesterIn({ statement, actor }: Requested): Person {
  return statement?.person ?? (actor as unknown as Person);
}

/** The event of a request, with everything that was asked for: whoever has the log can make the digest anew. */
export function requestedEvent(request: ChangeRequest, host: Host | null): Requested {
  const { id, operation, operationVersion, inputSchemaDigest, target, input } = request;
  const { justification, ticket, breakGlass, requester, policy, source, submission } = request;
  const { submittedAt, decideBy, executeAfter, executeBy, executeWithinMs, idempotency } = request;
  const said = submission ? saidMembers(submission, source) : { actor: personActor(requester), source };
  return {
    type: 'change.requested',
    time: submittedAt,
    ...said,
    changeId: id,
    operation,
    operationVersion,
    inputSchemaDigest,
    target: target.id,
    scope: { ...target.scope },
    label: target.label,
    input,
    justification,
    ticket,
    breakGlass,
    pinnedPolicy: policy,
    submittedAt,
    decideBy,
    executeAfter,
    executeBy,
    executeWithinMs,
    idempotency,
    ...(host ? { host: hostMembers(host) } : {}),
  };
}
