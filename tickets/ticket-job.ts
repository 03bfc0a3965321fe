import type { Change } from '../domain/change.ts';
import type { TicketPhase, TicketRead } from '../domain/ticket-read.ts';
import type { Delivery } from './sink.ts';
import type { Keeping } from './ticket-memory.ts';
import type { TicketSystem } from './ticket-system.ts';

/** A ticket that cannot be brought to where its change wants it. */
export interface Divergence {
  readonly change: Change;
  readonly ticket: TicketRead;
  readonly wanted: TicketPhase;
  /**
   * - `moved_by_hand`: somebody has moved it away twice; it is left alone from now on
   * - `no_step`: the change is closed, and no step of the system leads there
   * - `second_ticket`: a change had two; this one was closed
   */
  readonly why: 'moved_by_hand' | 'no_step' | 'second_ticket';
}

/** Writes what became of tickets into the log. The same again, for a change, a ticket and a `why`, is the same entry. */
export interface TicketReports {
  /** @param linked - `made`: by us; otherwise the change has named it */
  linked(linked: {
    readonly change: Change;
    readonly ticket: TicketRead;
    readonly made: boolean;
  }): Promise<void>;
  diverged(divergence: Divergence): Promise<void>;
}

/** What a sink of tickets works with. */
export interface TicketSinkOptions {
  /** The system's name in COUNTERSIGN_INTEGRATIONS. */
  readonly name: string;
  readonly system: TicketSystem;
  /** Whether a ticket is made for a change that names none of this system; default no. */
  readonly create?: boolean;
  /** The page of a change; null: it has none. */
  readonly linkOf: (changeId: string) => string | null;
  readonly append: TicketReports;
  /**
   * The ids of the open changes that hold a ticket of this system, as their policies ask.
   * @param names - the names that the ticket goes by: its id and its key
   */
  readonly holdersOf: (names: readonly string[]) => Promise<readonly string[]>;
  /** ms since the epoch. */
  readonly now?: () => number;
}

/** One delivery, with what its steps share. */
export interface TicketJob extends Required<TicketSinkOptions> {
  readonly delivery: Delivery;
  readonly keeping: Keeping;
}
