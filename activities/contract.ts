import type { ChangeRequest, SignedRequest } from '../domain/change.ts';
import type { ChangeEvent, Prechecked } from '../domain/change-event.ts';
import type { Command } from '../domain/decide.ts';
import type { Settlement } from '../domain/end.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Block } from '../domain/block.ts';
import type { ErrorCode } from '../domain/error.ts';
import type { Host } from '../domain/host.ts';
import type { NoticedChange, noticeMembers, NoticeKind } from '../domain/notice.ts';
import type { Reevaluation } from '../domain/reevaluation.ts';

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

/** An event with its place among the change's events of its type, from 1: with it a repeated delivery is the same entry. */
export interface NumberedEvent {
  readonly ordinal: number;
  readonly event: ChangeEvent;
}

/** A change that is to be opened. */
export interface Opening {
  /** The whole request, as the workflow has it: whoever may start workflows may have sent anything. */
  readonly request: ChangeRequest;
  /** Who asked, where it was not the API. */
  readonly host: Host | null;
  /** When Temporal started the change's workflow, ISO 8601. */
  readonly startedAt: string;
  readonly ordinal: number;
}

/** Activities on Postgres alone; each is one transaction and may be delivered any number of times. */
export interface LogActivities {
  /**
   * What a host asks for as a whole request: Temporal says who the host is, and this worker's policies what holds for it.
   * Its result is in the history before anything is written, so a repeat of the opening has the same.
   */
  acceptHost(input: { readonly request: unknown }): Promise<HostAccepted>;
  /**
   * Checks the request, which need not have come by the API, and its policy against this worker's own, and writes the first
   * entry with the key's and the target's unique rows, or nothing at all.
   */
  openChange(input: Opening): Promise<OpenedResult>;
  /**
   * Writes events of a change, and the change as they make it.
   * @throws ApplicationFailure `bad_signature` when a statement was not signed by the API, `change_closed` when
   * the change has ended; nothing is written
   */
  record(input: { readonly changeId: string; readonly events: readonly NumberedEvent[] }): Promise<void>;
  /**
   * Decides a command while no attempt of the change begins or ends, and writes its events: whether a call has begun,
   * Postgres knows and the workflow does not.
   *
   * @throws ApplicationFailure as `record`
   */
  applyInStore(input: StoreCommand): Promise<Applied>;
  /**
   * Answers as soon as no freeze and no window keeps the change from running, or a word to stop has come meanwhile.
   * @throws ApplicationFailure `blocked` while one does, with the time until it may open as the next retry's delay: Temporal's
   * own retries wait, and the history stays as it is
   */
  gate(input: { readonly changeId: string }): Promise<void>;
  /**
   * The last write: events, the change, and its target released. Answers null, or the event by which it was closed
   * in just this way before, and then nothing is written.
   * @throws ApplicationFailure `integrity_conflict` when it had ended in another way
   */
  closeChange(input: {
    readonly changeId: string;
    readonly events: readonly NumberedEvent[];
  }): Promise<ChangeEvent | null>;
}

/** What is decided in Postgres. */
export interface StoreCommand {
  readonly changeId: string;
  readonly command: Extract<Command, { kind: 'request' | 'cancel' }>;
  /** Milliseconds since the epoch, workflow time: when it came. */
  readonly now: number;
  /** The next place of each type of event that it may make. */
  readonly ordinals: Readonly<Record<string, number>>;
}

/** The events that were written, or why there are none. */
export type Applied =
  | { readonly events: readonly ChangeEvent[] }
  | { readonly refusal: { readonly code: ErrorCode; readonly message: string } };

/** The post-implementation review of a break-glass change. */
export interface ReviewActivities {
  /**
   * Writes `review.signed` and the change's new review status.
   * @throws ApplicationFailure `bad_signature`, or a code of domain/review.ts
   */
  signReview(input: {
    readonly request: SignedRequest;
    /** Milliseconds since the epoch, workflow time. */
    readonly now: number;
  }): Promise<void>;
}

/** One notice. */
export interface NoticeInput {
  readonly kind: NoticeKind;
  /** Its place among the change's notices, from 1. */
  readonly ordinal: number;
  /** ISO 8601. */
  readonly time: string;
  readonly audience: ReturnType<typeof noticeMembers>;
  readonly change: NoticedChange;
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
  | { readonly kind: 'read'; readonly event: Prechecked }
  /** The change went on meanwhile: nothing was written. */
  | { readonly kind: 'overtaken' }
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
  /** The gate blocks the call. */
  | {
      readonly kind: 'blocked';
      readonly why: Block;
      /** Whether any call was made before. */
      readonly called: boolean;
    };

/** The detail of a `permanent` failure. */
export interface FailedCall {
  readonly code: string;
  readonly message: string;
  readonly requestId: string | null;
}

/**
 * Activities that talk to a service; on a task queue of their own. Beside them each operation has a {@link GatedCall}
 * under its own name.
 */
export interface VendorActivities {
  /**
   * Reads the target, makes the digest of what the approver will be shown, and records both with the new round. Once its
   * entry is written, each repeat answers what it says.
   */
  precheck(input: { readonly changeId: string; readonly ordinal: number }): Promise<PrecheckResult>;
  /** Ends attempts that were left open and reads the target a last time. */
  settle(input: { readonly changeId: string }): Promise<Settlement>;
}

/** The gated call of one operation, with everything that must hold right before it. */
export type GatedCall = (input: CallInput) => Promise<CallResult>;

/** The argument of a gated call. What was approved, the log says. */
export interface CallInput {
  readonly changeId: string;
}
