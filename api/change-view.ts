import type { Action, Permission } from '../domain/actions.ts';
import type { Attempt, Change } from '../domain/change.ts';
import type { Block } from '../domain/block.ts';
import type { Person } from '../domain/person.ts';
import type { Word } from '../domain/stop.ts';
import type { TicketPoint } from '../domain/ticket-gate.ts';
import type { ShownTicket } from '../domain/ticket-read.ts';
import type { PresentedLine } from '../operations/operation.ts';

/** The members of a stored change that the API shows, without those that only the state machine needs. */
export type ShownChange = Omit<Change, 'standing' | 'reason' | 'calls'>;

/** A change as the API shows it: as last stored, with its attempts and what its reader may do. */
export type ChangeView = ShownChange & {
  readonly attempts: readonly Attempt[];
  /**
   * What blocks an approved change now: a freeze, a closed window, the revocation of its policy, or its ticket as last told.
   * Before people are asked: that its ticket cannot be read.
   */
  readonly waitsFor: Block | null;
  /** What was read last of the change's ticket, where its policy asks for that; null before, and where it does not. */
  readonly ticketRead: ShownTicketRead | null;
  /** The word that has stopped or paused the change, from the moment in which it was accepted; null while it goes on. */
  readonly stop: ShownStop | null;
  /** The snapshot for people, line by line. Null before the precheck, and when this API lacks the operation's definition. */
  readonly presented: readonly PresentedLine[] | null;
  /** The call that has begun and has no recorded answer yet. */
  readonly callUnderWay: { readonly attempt: number; readonly sentAt: string } | null;
  /** Whether a decision of the reader is awaited. */
  readonly awaitingYou: boolean;
  /** What the reader may do now, or the code that the call would answer. */
  readonly actions: Readonly<Record<Action, Permission>>;
  readonly links: { readonly self: string; readonly events: string; readonly decisions: string };
};

/** What was read of a ticket, and what it was judged to be. */
export interface ShownTicketRead {
  readonly point: TicketPoint;
  /** ISO 8601: when it was judged. */
  readonly at: string;
  /** A `ticket_…` code, or null: the change may go on under it. */
  readonly verdict: string | null;
  readonly message: string | null;
  /** Null: there was no such ticket. */
  readonly ticket: ShownTicket | null;
}

/** Who has stopped or paused a change. */
export interface ShownStop {
  readonly action: Word;
  readonly by: Pick<Person, 'issuer' | 'subject' | 'name'>;
  readonly comment: string;
  readonly at: string;
}

/** A change as a list has it: enough to know it again, and to see what it waits for. */
export type ListedChange = Pick<
  Change,
  | 'id'
  | 'version'
  | 'operation'
  | 'input'
  | 'target'
  | 'justification'
  | 'ticket'
  | 'breakGlass'
  | 'decisionStatus'
  | 'executionStatus'
  | 'reviewStatus'
  | 'submittedAt'
  | 'decideBy'
  | 'executeAfter'
  | 'executeBy'
  | 'escalatedAt'
  | 'round'
  | 'missing'
  | 'outcome'
  | 'closedAt'
> & {
  readonly requester: Pick<Person, 'issuer' | 'subject' | 'name' | 'issuedBy' | 'vouchedBy'>;
  readonly policy: Pick<Change['policy'], 'name' | 'version'>;
  /** Made anew from what is stored; null before the precheck, and where the change is not intact. */
  readonly digest: string | null;
  /** Whether it is the change that its digest was made of. Another one cannot be looked at or decided. */
  readonly intact: boolean;
};
