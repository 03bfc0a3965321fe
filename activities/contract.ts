import type { Change, ChangeRequest, SignedRequest } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Closure } from '../domain/closure.ts';
import type { EntryDraft } from '../domain/entry.ts';
import type { ErrorCode } from '../domain/error.ts';
import type { Host } from '../domain/host.ts';
import type { NoticeKind } from '../domain/notice.ts';
import type { Reevaluation } from '../domain/reevaluation.ts';
import type { SignedStatement } from '../domain/statement.ts';

/** How an opening ended; `changeId` is the change that holds the key or the target. */
export type OpenedResult =
  | {
      readonly kind: 'opened' | 'known' | 'key_reused' | 'target_taken' | 'review_owed' | 'policy_revoked';
      readonly changeId: string;
      /** Whether this worker has people told of changes. */
      readonly notifies?: boolean;
    }
  | {
      readonly kind: 'invalid';
      readonly message: string;
      /** Why; `invalid_request` where there is none. */
      readonly code?: 'region_not_served' | 'bad_signature';
    }
  | Refused;

/** A request that is not taken up, and why. */
export interface Refused {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly message: string;
}

/** A host's request under the policy that this worker's own file has for it, or why it is not taken up. */
export type HostAccepted =
  { readonly kind: 'accepted'; readonly request: ChangeRequest; readonly host: Host } | Refused;

/** What an activity needs to write: the change as it is now and the entries that tell how it came so. */
export interface Recording {
  readonly change: Change;
  readonly entries: readonly EntryDraft[];
}

/** A change that is to be opened. */
export interface Opening extends Recording, Pick<ChangeRequest, 'idempotency' | 'submission'> {
  /** The whole request, as the workflow has it. */
  readonly request: unknown;
  /** Who asked, where it was not the API. */
  readonly host: Host | null;
  /** When Temporal started the change's workflow, ISO 8601. */
  readonly startedAt: string;
}

/** Activities on Postgres alone; each is one transaction and may be delivered any number of times. */
export interface LogActivities {
  /**
   * What a host asks for as a whole request: Temporal says who the host is, and this worker's policies what holds for it.
   * Its result is in the history before anything is written, so a repeat of the opening has the same.
   */
  acceptHost(input: { readonly request: unknown }): Promise<HostAccepted>;
  /**
   * Checks the input, which need not have come by the API, and its policy against this worker's own, and writes the first
   * entry with the key's and the target's unique rows, or nothing at all.
   */
  openChange(input: Opening): Promise<OpenedResult>;
  /**
   * Writes entries and the change as it is now.
   * @throws ApplicationFailure `bad_signature` when one of the statements was not signed by the API, `change_closed` when
   * the change has ended; nothing is written
   */
  recordChange(
    input: Recording & {
      /** Whether the change has all its decisions, or only those that have changed since it was recorded last. */
      readonly complete: boolean;
      readonly statements: readonly SignedStatement[];
    },
  ): Promise<void>;
  /**
   * Records that a change's workflow was cancelled, once for all: withdrawn, unless a call of it may have been made, and
   * then no call begins any more; otherwise abandoned. Which of the two, it answers.
   */
  cancelChange(input: {
    readonly withdrawn: Recording;
    readonly abandoned: Recording;
  }): Promise<'withdrawn' | 'abandoned'>;
  /**
   * Answers as soon as no freeze and no window keeps the change from running, or a word to stop has come meanwhile.
   * @throws ApplicationFailure `closed` while one does, with the time until it may open as the next retry's delay: Temporal's
   * own retries wait, and the history stays as it is
   */
  gate(input: { readonly change: Change }): Promise<void>;
  /**
   * The last write: entries, the change, and its target released. Answers null, or the change as it is kept when it had
   * ended in just this way before, and then nothing is written.
   * @throws ApplicationFailure `integrity_conflict` when it had ended in another way
   */
  closeChange(input: Recording): Promise<Change | null>;
}

/** The post-implementation review of a break-glass change. */
export interface ReviewActivities {
  /**
   * Writes `review.signed` under the key and the change's new review status.
   * @throws ApplicationFailure `bad_signature`, or a code of domain/review.ts
   */
  signReview(input: {
    readonly request: SignedRequest;
    readonly key: string;
    /** ISO 8601. */
    readonly at: string;
    readonly temporal: JsonObject;
  }): Promise<void>;
}

/** One notice, with the entry that tells of it once it is delivered. */
export interface NoticeInput {
  readonly kind: NoticeKind;
  /** Without its decisions. */
  readonly change: Change;
  readonly entry: EntryDraft;
}

/** Telling people. */
export interface NoticeActivities {
  /**
   * Sends the notice and records that it was sent; nothing of it without a webhook.
   * @throws ApplicationFailure `not_delivered`, to be retried
   */
  notify(input: NoticeInput): Promise<void>;
}

/** What the precheck found. */
export type PrecheckResult =
  | {
      readonly kind: 'read';
      /** Null only where the policy's precheck is advisory and there is no such target. */
      readonly snapshot: JsonObject | null;
      readonly digest: string;
      readonly requestId: string;
    }
  | {
      readonly kind: 'refused';
      readonly snapshot: JsonObject | null;
      readonly code: string;
      readonly message: string;
      readonly requestId: string | null;
    };

/** What a call came to. What failed for good arrives as an ApplicationFailure of type `permanent` with {@link FailedCall}. */
export type CallResult =
  | { readonly kind: 'succeeded'; readonly requestId: string | null; readonly reconciled: boolean }
  | {
      readonly kind: 'drifted';
      readonly message: string;
      /** Whether any attempt was begun before: then the change is no longer withdrawn. */
      readonly called: boolean;
    }
  /** Approvers have lost their right since, and a seat is empty; nothing was called. */
  | { readonly kind: 'lapsed'; readonly reevaluation: Reevaluation }
  /** Words that the API has written down keep the call from beginning; all of them, in their order. */
  | { readonly kind: 'stopped'; readonly words: readonly SignedRequest[] }
  | {
      readonly kind: 'closed';
      readonly why: Closure;
      /** Whether any call was made before. */ readonly called: boolean;
    };

/** The detail of a `permanent` failure. */
export interface FailedCall {
  readonly code: string;
  readonly message: string;
  readonly requestId: string | null;
}

/** What is known at the end of a change whose call was cut short. */
export interface Settlement {
  /** Calls made so far. */
  readonly attempts: number;
  /** True and false as the target was read; null when it could not be. */
  readonly achieved: boolean | null;
  /** True when some call's outcome is not known. */
  readonly doubt: boolean;
  /** The last failed call, if any. */
  readonly last: FailedCall | null;
}

/**
 * Activities that talk to a service; on a task queue of their own. Beside them each operation has a {@link GatedCall}
 * under its own name.
 */
export interface VendorActivities {
  /**
   * Reads the target, makes the digest of what the approver will be shown, and records both with the new round. `entry`
   * is the entry without them; once it is written, each repeat answers what it says.
   */
  precheck(input: { readonly change: Change; readonly entry: EntryDraft }): Promise<PrecheckResult>;
  /** Ends attempts that were left open and reads the target a last time. */
  settle(input: { readonly change: Change }): Promise<Settlement>;
}

/** The gated call of one operation, with everything that must hold right before it. */
export type GatedCall = (input: CallInput) => Promise<CallResult>;

/** The argument of a gated call. */
export interface CallInput {
  /** The change as it is from the first attempt on: `running`. */
  readonly change: Change;
  /** The approvals that count, as the API signed them. */
  readonly approvals: readonly SignedStatement[];
}
