import type { JsonObject } from './json.ts';
import type { DirectoryMembership, Person, PersonId } from './person.ts';
import type { PinnedPolicy } from './policy.ts';
import type { SignedStatement } from './statement.ts';
import type { DecisionStatus, ExecutionStatus, ReviewStatus, Standing } from './status.ts';
import type { Target } from './target.ts';

/** The ticket that a change belongs to, in somebody else's system. */
export interface Ticket {
  readonly system: string;
  readonly id: string;
  readonly url: string | null;
}

/** One approver's last decision, as it counts or was superseded. Earlier ones are in the log. */
export interface Decision {
  readonly decision: 'approve' | 'reject';
  /** Empty once it no longer counts: then the log has it. */
  readonly comment: string;
  readonly person: Person;
  readonly digest: string;
  readonly round: number;
  /** The stage that was open when it was made. */
  readonly stage: string;
  /** ISO 8601, workflow time at which it took its seat. */
  readonly at: string;
  /** False once a later round superseded it, its author took it back, or they have lost their right to it. */
  readonly counts: boolean;
  /** What the directory said of its author, and of those whom they represent; absent where the policy asks none. */
  readonly directory?: readonly DirectoryMembership[];
  /** How often its author has taken back a decision of this change; absent: never. */
  readonly takenBack?: number;
}

/** What is still missing for an approval. */
export interface MissingSeats {
  readonly stage: string;
  readonly group: string | null;
  readonly seats: number;
  /** Other groups whose members help as well, because somebody who has approved may move to this seat. */
  readonly alsoFrom: readonly (string | null)[];
}

/** How a change ended, or why. */
export interface Outcome {
  /** A stable code: `succeeded`, an error code of ours, or the vendor's own. */
  readonly code: string;
  readonly message: string;
  /** The vendor's RequestId of the deciding call, if there was one. */
  readonly requestId: string | null;
  /** True when the certificate, read afterwards, proved what no answer had said. */
  readonly reconciled: boolean;
  /** ISO 8601. */
  readonly at: string;
}

/** Who looked back at a break-glass change, and what they found. */
export interface Review {
  readonly person: Person;
  readonly comment: string;
  /** ISO 8601, workflow time. */
  readonly at: string;
}

/** What is asked for: the same from a change's request to its end. Times are ISO 8601 with milliseconds, in UTC. */
interface AskedFor {
  /** UUID; the workflow's id is `change-<id>`. */
  readonly id: string;
  readonly operation: string;
  /** The version of the operation's definition, as pinned at submission. */
  readonly operationVersion: string;
  /** SHA-256 of the canonical JSON of its input's JSON Schema, lower-case hex, likewise. */
  readonly inputSchemaDigest: string;
  readonly input: JsonObject;
  /** What the operation acts on; at most one open change for each target's id. */
  readonly target: Target;
  readonly requester: Person;
  readonly justification: string;
  readonly ticket: Ticket | null;
  readonly breakGlass: boolean;
  readonly policy: PinnedPolicy;
  readonly submittedAt: string;
  readonly decideBy: string;
  /** Earliest moment of the call, or null for at once. */
  readonly executeAfter: string | null;
}

/** A change request as the workflow knows it and the API shows it. */
export interface Change extends AskedFor {
  /** How many entries have made the change what it is. */
  readonly version: number;
  readonly decisionStatus: DecisionStatus;
  readonly executionStatus: ExecutionStatus;
  readonly reviewStatus: ReviewStatus;
  /** No call after it; null until approval when the requester named none. */
  readonly executeBy: string | null;
  /** What was asked for of the clock that an approval sets, see {@link ChangeRequest}. */
  readonly asked: Pick<ChangeRequest, 'executeBy' | 'executeWithinMs'>;
  readonly snapshot: JsonObject | null;
  /** SHA-256, lower-case hex; null before the precheck. */
  readonly digest: string | null;
  /** 0 before the precheck, then 1, and one more each time that the target had drifted. */
  readonly round: number;
  /** When the escalation group was asked, too; null until then. */
  readonly escalatedAt: string | null;
  readonly decisions: readonly Decision[];
  readonly missing: readonly MissingSeats[];
  readonly outcome: Outcome | null;
  /** How many words to stop, or to go on after a pause, its workflow has heard. */
  readonly stopWords: number;
  /** What these words make of it. */
  readonly standing: Standing;
  /** Why it ends, once that is certain and no call decides it; null until then. */
  readonly reason: Reason | null;
  /** What its attempts come to, as far as the log tells. */
  readonly calls: Calls;
  /** The post-implementation review, once it is signed. */
  readonly review: Review | null;
  readonly closedAt: string | null;
}

/** Why a change ends without a call that says so: a stable code and a sentence, with the RequestId of the read behind it. */
export type Reason = Pick<Outcome, 'code' | 'message' | 'requestId'>;

/** What the attempts of a change come to. */
export interface Calls {
  /** How many were started. */
  readonly started: number;
  /** Ordinals of those that have not ended. */
  readonly open: readonly number[];
  /** Whether one may have reached the vendor. */
  readonly called: boolean;
  /** Whether one succeeded, or the target showed afterwards that one had. */
  readonly succeeded: boolean;
}

/** One call of the vendor, with a RequestId of its own. */
export interface Attempt {
  readonly changeId: string;
  /** Counts from 1 over the whole change. */
  readonly ordinal: number;
  /** The id of the target that its call is for. */
  readonly target: string;
  readonly startedAt: string;
  /** When its call began: it was marked as sent, last before the request left. Null: nothing was sent. */
  readonly sentAt: string | null;
  readonly endedAt: string | null;
  readonly outcome: 'open' | 'succeeded' | 'failed' | 'unknown';
  /** `transient`, `throttled`, `doubtful`, `permanent`, `unknown`; null while open or when it succeeded. */
  readonly class: string | null;
  readonly httpStatus: number | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly requestId: string | null;
}

/**
 * What a requester asks for, read and completed by the API; the change workflow's one argument. What came by HTTP is a
 * `SubmitRequest` (api/submit-request.ts) before, and what the workflow makes of this one is a {@link Change}.
 */
export interface ChangeRequest extends AskedFor {
  /** No call after it; null where the requester names none. */
  readonly executeBy: string | null;
  /** How long after approval a call may still be made when the request names no execute-by, in ms. */
  readonly executeWithinMs: number;
  /** The API's signed statement of who asked for exactly this; null when another workflow asks, see `requireApproval`. */
  readonly submission: SignedStatement | null;
  /** The requester's Idempotency-Key with the body's SHA-256, or null when none was sent. */
  readonly idempotency: { readonly key: string; readonly bodyDigest: string } | null;
  /** Where the request came from (an address), or null. */
  readonly source: string | null;
}

/**
 * What a host's workflow asks for; the other kind of argument that the change workflow takes. It names no policy and no
 * moment: the worker that opens the change adds them, see `acceptHost` of activities/contract.ts.
 */
export interface HostRequest extends Pick<
  AskedFor,
  'id' | 'operation' | 'input' | 'justification' | 'ticket'
> {
  /** The version of the operation's definition that the host was written for; null: whichever the service has. */
  readonly operationVersion: string | null;
  /** In whose name; the host vouches for it. */
  readonly requester: PersonId;
  /** How long people may take to decide, ms; null, or longer than the policy says: as the policy says. */
  readonly decideWithinMs: number | null;
  /** How long after approval the call may be made, ms; likewise. */
  readonly executeWithinMs: number | null;
  /** The host's own name for this request: the same in a retry is the same change (domain/host-key.ts); null: asked once. */
  readonly key: string | null;
  /** Whether the host waits for the signal `openedSignalOf` (domain/host.ts). */
  readonly tellsOpened: boolean;
  /** Null: the API signs what it submits, and a host has no key. */
  readonly submission: null;
}

/** What a change's workflow answers at its end. */
export interface ChangeEnd {
  readonly change: Change;
  /** What its call answered, where the operation describes an output and the answer was not lost. */
  readonly output: JsonObject | null;
  /** Where people find the change; null where the worker was not told of such a place. */
  readonly url: string | null;
}

/** The workflow id of a change's review. */
export function reviewWorkflowIdOf(changeId: string): string {
  return `review-${changeId}`;
}

/** The workflow type of a change. */
export const changeWorkflowType = 'change';

/** The workflow id of a change. */
export function workflowIdOf(changeId: string): string {
  return `${ofChange}${changeId}`;
}

/** The change whose workflow has an id; null: that of no change. */
export function changeIdIn(workflowId: string): string | null {
  return workflowId.startsWith(ofChange) ? workflowId.slice(ofChange.length) : null;
}

const ofChange = 'change-';

/** What somebody asks of a change by an update: their signed statement, and where it came from. */
export interface SignedRequest {
  readonly signed: SignedStatement;
  readonly source: string | null;
  /** Of a word that the API has accepted and written down: its place among such words of the change, from 1. */
  readonly ordinal?: number;
}
