import type { Change, ChangeEnd, ChangeRequest, HostRequest, SignedRequest } from '../domain/change.ts';
import type { ChangeEvent, Prechecked } from '../domain/change-event.ts';
import type { Command } from '../domain/decide.ts';
import type { Settlement } from '../domain/end.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Block } from '../domain/block.ts';
import type { ErrorCode, FieldError } from '../domain/error.ts';
import type { Host, KeyedHost } from '../domain/host.ts';
import type { Reevaluation } from '../domain/reevaluation.ts';

/** How an opening ended; `changeId` is the change that holds the key, the target or the ticket. */
export type OpenedResult =
  | {
      readonly kind:
        | 'opened'
        | 'known'
        | 'key_reused'
        | 'target_taken'
        | 'ticket_taken'
        | 'review_owed'
        | 'policy_revoked';
      readonly changeId: string;
    }
  | {
      readonly kind: 'invalid';
      readonly message: string;
      /** The reason; `invalid_request` when there is no other. */
      readonly code?: 'region_not_served' | 'bad_signature';
    }
  | Refused;

/** A request that becomes no change, and the reason. */
export interface Refused {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly message: string;
  /** Each wrong member, where the code is `invalid_request` and it is known. */
  readonly errors?: readonly FieldError[];
}

/** What a gate goes on with, or the reason why it does not. */
export type GateAccepted =
  | {
      readonly kind: 'accepted';
      readonly request: HostRequest;
      readonly onCancel: 'withdraw' | 'wait';
      /** The signal by which the host hears that the change is open; null: by none. */
      readonly openedSignal: string | null;
    }
  | Refused;

/** A host's request with the policy of this worker's own file, or the reason why it becomes no change. */
export type HostAccepted =
  | {
      readonly kind: 'accepted';
      readonly request: ChangeRequest;
      readonly host: KeyedHost;
      readonly url: string | null;
      /** Whether the end of the host does not end what it has asked by; absent: it does. */
      readonly outlivesHost?: true;
      /** Whether the host waits for the word that the change is open; absent: its request says. */
      readonly tellsOpened?: boolean;
      /** Whether the search attribute of the target is not to show it. */
      readonly hidesTarget?: boolean;
    }
  | Refused;

/** What a host is answered: also in which encoding, that of its own request. */
export type HostAnswer<T> = T & { readonly answerIn?: string };

/** What came of a host's request, in one step: its change is open, or the reason why not. */
export type HostOpened =
  | {
      readonly kind: 'opened';
      readonly change: Change;
      readonly host: KeyedHost;
      readonly url: string | null;
      /** As of {@link HostAccepted}. */
      readonly outlivesHost?: true;
      readonly hidesTarget: boolean;
      /** What was read of the target at once; null: it is still to be read. */
      readonly read: PrecheckResult | null;
    }
  | { readonly kind: 'not_opened'; readonly result: OpenedResult }
  /** The workflow was cancelled before it had opened anything. */
  | { readonly kind: 'cancelled' }
  | HostFollowed;

/** The change that a host's key is for, or the reason why it is not this host's. */
export type HostFollowed =
  | {
      readonly kind: 'followed';
      readonly host: KeyedHost;
      readonly url: string | null;
      /** As of {@link HostAccepted}. */
      readonly tellsOpened?: boolean;
    }
  | Refused;

/** An event with its place among the change's events of its type, from 1: with it a repeated delivery is the same entry. */
export interface NumberedEvent {
  readonly ordinal: number;
  readonly event: ChangeEvent;
}

/** The input of {@link LogActivities.openChange}. */
export interface Opening {
  /** The whole request, as the workflow has it: whoever may start workflows may have sent anything. */
  readonly request: ChangeRequest;
  /** The host, when the request did not come by the API. */
  readonly host: Host | null;
  /** When Temporal started the change's workflow, ISO 8601. */
  readonly startedAt: string;
  readonly ordinal: number;
}

/** Activities on Postgres alone; each is one transaction and may be delivered any number of times. */
export interface LogActivities {
  /**
   * Makes what a host in any language asks of a gate a host's request. The id is that of its key, or a new one.
   * @param input.sent - the gate's arguments, whatever they are
   */
  acceptGate(input: { readonly sent: readonly unknown[] }): Promise<HostAnswer<GateAccepted>>;
  /**
   * Completes a host's request: Temporal says who the host is, and this worker's policies say which policy applies.
   * Its result is in the history before anything is written, so a repeated opening uses the same one.
   */
  acceptHost(input: { readonly request: unknown }): Promise<HostAnswer<HostAccepted | HostFollowed>>;
  /**
   * Does what `acceptHost` and `openChange` do, tells the host, and reads the target where that is quick. A repeat in the same
   * run of the workflow finds in the log what it has opened, and answers the same change, whatever the policies have become.
   *
   * @param input.ordinal - the place of the change's first entry
   * @param input.readOrdinal - the place of the entry of what is read
   * @param input.cancelled - whether the workflow is cancelled: then nothing is opened or read any more, and only a change that
   * this run has opened is answered
   */
  openHosted(input: {
    readonly request: unknown;
    readonly ordinal: number;
    readonly readOrdinal: number;
    readonly cancelled?: boolean;
  }): Promise<HostAnswer<HostOpened>>;
  /**
   * Whether the host that asks again, under a key, may follow the change that its earlier run has asked for.
   * @throws ApplicationFailure, to be retried, while there is no such change yet
   */
  followHost(input: { readonly request: unknown }): Promise<HostAnswer<HostFollowed>>;
  /**
   * Whether a later run has followed on the one that asked for a change: by a retry, a reset or a continue-as-new.
   * @param input.orStill - whether it is as good that the one that asked still runs
   */
  hostGoesOn(input: { readonly host: KeyedHost; readonly orStill?: boolean }): Promise<boolean>;
  /** The end of a change. @throws ApplicationFailure `not_ended` while it is open: Temporal's own retries wait */
  changeEnd(input: { readonly changeId: string }): Promise<ChangeEnd>;
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
   * Decides a command while no attempt of the change begins or ends, and writes its events. Postgres knows whether a call
   * has begun; the workflow does not.
   *
   * @throws ApplicationFailure as `record`
   */
  applyInStore(input: StoreCommand): Promise<Applied>;
  /**
   * Answers as soon as no gate blocks the change, or a word to stop has come meanwhile.
   * @throws ApplicationFailure `blocked` while one does, with the time until it may open as the next retry's delay: Temporal's
   * own retries wait, and the history stays as it is
   */
  gate(input: { readonly changeId: string }): Promise<void>;
  /**
   * The last write: the events, the change, and the release of its target. Answers null; or, when an earlier delivery has
   * closed the change in the same way, the event that closed it, and writes nothing.
   * @throws ApplicationFailure `integrity_conflict` when it had ended in another way
   */
  closeChange(input: {
    readonly changeId: string;
    readonly events: readonly NumberedEvent[];
  }): Promise<ChangeEvent | null>;
}

/** A command that is decided in Postgres. */
export interface StoreCommand {
  readonly changeId: string;
  readonly command: Extract<Command, { kind: 'request' | 'cancel' }>;
  /** When the command came, in milliseconds since the epoch, workflow time. */
  readonly now: number;
  /** The next place of each type of event that it may make. */
  readonly ordinals: Readonly<Record<string, number>>;
}

/** The events that were written, or the reason why there are none. */
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

/** What the precheck found. */
export type PrecheckResult =
  | { readonly kind: 'read'; readonly event: Prechecked }
  /** The change has moved on meanwhile; nothing was written. */
  | { readonly kind: 'overtaken' }
  | {
      readonly kind: 'refused';
      readonly snapshot: JsonObject | null;
      readonly code: string;
      readonly message: string;
      readonly requestId: string | null;
    };

/** What a call came to. A final failure arrives as an ApplicationFailure of type `permanent` with {@link FailedCall}. */
export type CallResult =
  | {
      readonly kind: 'succeeded';
      readonly requestId: string | null;
      readonly reconciled: boolean;
      /** What the call answered beside its success; absent: nothing, or nobody knows. */
      readonly output?: JsonObject | null;
    }
  | {
      readonly kind: 'drifted';
      readonly message: string;
      /** Whether an attempt may have reached the vendor before: then the change can no longer be withdrawn. */
      readonly called: boolean;
    }
  /** The host has ended, and nobody has told the change; nothing was called. */
  | { readonly kind: 'host_ended' }
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

/** The detail of a failure that no repeat helps. */
export interface FailedCall {
  readonly code: string;
  readonly message: string;
  readonly requestId: string | null;
  /** Whether nobody knows what an earlier call of the change has done; absent: somebody knows of each. */
  readonly doubt?: true;
}

/**
 * Activities that talk to a service; on a task queue of their own. Beside them each operation has a {@link GatedCall}
 * under its own name.
 */
export interface VendorActivities {
  /**
   * Reads the target and the ticket, makes the digest of what the approver will be shown, and records both with the new round. Once its
   * entry is written, each repeat answers what it says.
   */
  precheck(input: { readonly changeId: string; readonly ordinal: number }): Promise<PrecheckResult>;
  /** Ends attempts that were left open and reads the target a last time. */
  settle(input: { readonly changeId: string }): Promise<Settlement>;
}

/** The gated call of one operation, with everything that must hold right before it. */
export type GatedCall = (input: CallInput) => Promise<CallResult>;

/** The argument of a gated call. The log says what was approved. */
export interface CallInput {
  readonly changeId: string;
  /**
   * The workflow that waits for the change and has started this one; absent where there is none. Without any run of it that goes on
   * no call begins.
   */
  readonly host?: KeyedHost;
}
