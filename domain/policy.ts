import type { PersonId } from './person.ts';
import type { Window } from './window.ts';

/**
 * The approval policy as pinned on a change at its submission: what it says then holds until the change has ended,
 * whatever becomes of the file it came from. Every member is JSON; numbers are safe integers.
 */
export interface PinnedPolicy {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the canonical JSON (RFC 8785) of the other members, lower-case hex. */
  readonly digest: string;
  /** In order: a stage opens when all seats of those before it are filled. Empty only in a standard policy. */
  readonly stages: readonly Stage[];
  readonly reject: RejectRule;
  /** Which decisions need a comment. */
  readonly commentRequired: 'never' | 'reject' | 'always';
  /** How long after submission people may decide, ms. */
  readonly decideWithinMs: number;
  /** How long after approval the call may be made, ms. */
  readonly executeWithinMs: number;
  /** When those who are still missing are reminded, ms after submission. */
  readonly remindersMs: readonly number[];
  readonly escalation: Escalation | null;
  readonly delegations: readonly Delegation[];
  /** When a change may run; any time where there is none. */
  readonly windows: readonly Window[];
  /** Who may let a change run in a freeze; null: nobody. */
  readonly freezeOverride: { readonly group: string } | null;
  /** Whether a target that the operation cannot help ends the change, or is only shown. */
  readonly precheck: 'required' | 'advisory';
  readonly breakGlass: BreakGlassRule | null;
  /** Pre-approved: no person decides. Windows and freezes hold all the same. */
  readonly standard: boolean;
  /** The least that is asked of how an approver was authenticated; null: nothing. */
  readonly authentication: RequiredAuthentication | null;
  /** From where people may decide without a token of their own; absent: from nowhere. */
  readonly channels?: readonly Channel[];
  /** What is asked of the change's ticket; null: nothing. */
  readonly ticket: TicketRule | null;
  /** Every group that this policy names, and where its members are known from. */
  readonly groups: Readonly<Record<string, GroupSource>>;
}

/** One stage: all seats of all its groups must be filled, each by another person. */
export interface Stage {
  readonly name: string;
  readonly groups: readonly SeatGroup[];
}

/** Seats of one stage that are alike. */
export interface SeatGroup {
  /** Who may fill the seats: anybody with the role approver (null), or only members of a group. */
  readonly group: string | null;
  /** How many distinct people; at least 1. */
  readonly threshold: number;
}

/**
 * What ends a change as rejected: any one reject, so many distinct people in one round, or more than half as many in a
 * stage as it has seats.
 */
export type RejectRule =
  | { readonly kind: 'any' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'majority' };

/** Whose members may fill any seat of the open stage, too, once a round has waited so long, ms. */
export interface Escalation {
  readonly afterMs: number;
  readonly group: string;
}

/** Somebody who may decide in somebody else's place from `since` (included) until `until` (excluded), both ISO 8601. */
export interface Delegation {
  readonly from: PersonId;
  readonly to: PersonId;
  readonly since: string;
  readonly until: string;
}

/** Who may submit a break-glass change, how many approvals it needs, and its allowed reasons (any if none is listed). */
export interface BreakGlassRule {
  /** Groups of requesters; one of them is enough. */
  readonly groups: readonly string[];
  readonly approvals: 0 | 1;
  readonly reasons?: readonly string[];
}

/** What `refusalOfAuthentication` (./authentication.ts) asks for. */
export interface RequiredAuthentication {
  /**
   * Any one of these is enough: `amr` values (RFC 8176) such as `mfa`, `otp` or `hwk`, or `acr:` and the name of an
   * authentication context (OpenID Connect Core 1.0 §2), as the identity provider tells them.
   */
  readonly methods?: readonly string[];
  /** How long ago the person may have logged in, s. */
  readonly maxAgeSeconds?: number;
}

/** A chat or ticket system, by its name in COUNTERSIGN_INTEGRATIONS, whose word on who decided counts. */
export interface Channel {
  readonly name: string;
  /** `reject_only`: an approval by it does not count. */
  readonly mode: 'decide' | 'reject_only';
}

/**
 * What a change's ticket has to be like, before people are asked and right before each call; see `refusalOfTicket`
 * (./ticket-gate.ts). Names are those of the ticket's system, compared exactly; a list that is null allows any.
 */
export interface TicketRule {
  /** The system of the ticket, as COUNTERSIGN_INTEGRATIONS names it. */
  readonly system: string;
  /** Whether a change needs a ticket. One that is named is held to the rest in any case. */
  readonly required: boolean;
  /** Projects or tables. */
  readonly projects: readonly string[] | null;
  readonly types: readonly string[] | null;
  readonly states: readonly string[] | null;
  /** The field that names the target: by its id, or by one member of its scope. Null: no field has to. */
  readonly sameTarget: { readonly field: string; readonly member: string | null } | null;
  /** The fields that hold the planned start and end. Null: it may run at any time. */
  readonly window: { readonly start: string; readonly end: string } | null;
  /** Whether the system's own approval has to be given. */
  readonly approved: boolean;
}

/** Where a group's members are known from: the token's claim, the directory file, or the policy itself. */
export type GroupSource =
  | { readonly source: 'token' }
  | { readonly source: 'directory' }
  | { readonly source: 'members'; readonly members: readonly PersonId[] };
