import type { TicketPhase, TicketRead } from '../domain/ticket-read.ts';

/** Who a credential belongs to, and what it may do, as `countersign doctor` tells it. */
export interface Account {
  /** The id by which the system names the account in a ticket's author or a comment's. */
  readonly id: string;
  readonly name: string;
  /** Rights that were looked for: each with whether the account has it. */
  readonly rights: readonly { readonly name: string; readonly has: boolean }[];
}

/** What reads tickets: the worker has one for each system, with a credential that can only read. */
export interface TicketReader {
  /**
   * Reads a ticket as it is now, by its key or id, past every cache.
   *
   * @param fields - names of further fields, as the system names them, to be in `fields` of the answer
   * @returns null when there is no such ticket, or this credential does not see it
   * @throws RemoteError when that could not be learned
   */
  read(id: string, fields: readonly string[], signal: AbortSignal): Promise<TicketRead | null>;
  /** @throws RemoteError */
  account(signal: AbortSignal): Promise<Account>;
}

/** A ticket to be made. */
export interface NewTicket {
  /** Unique for each change: by it the ticket is found again. At most 100 characters of `[A-Za-z0-9-]`. */
  readonly mark: string;
  /** One line. */
  readonly summary: string;
  /** Plain text; lines end in `\n`. */
  readonly description: string;
}

/** What reads and writes tickets: the deliverer has one for each system, with a credential that can write. */
export interface TicketSystem extends TicketReader {
  /**
   * The tickets with a mark whose author is our own account, the oldest first. A search may lag behind what was written:
   * see `searchLagMs`.
   * @throws RemoteError
   */
  find(mark: string, signal: AbortSignal): Promise<readonly TicketRead[]>;
  /** How long a new ticket may not be found by a search, ms. */
  readonly searchLagMs: number;
  /** @throws RemoteError; after `unreachable` and `failed` it may have been made */
  create(ticket: NewTicket, signal: AbortSignal): Promise<TicketRead>;
  /** The marks of the comments on a ticket whose author is our own account. @throws RemoteError */
  commentMarks(id: string, signal: AbortSignal): Promise<readonly string[]>;
  /** @param comment - `mark`: as a ticket's; `text`: plain, lines end in `\n` @throws RemoteError */
  comment(
    id: string,
    comment: { readonly mark: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Takes one step towards a phase, where the system allows one, and nothing where the ticket is there already.
   *
   * @param close - what a system asks for when a ticket is closed: whether it succeeded, and a sentence
   * @returns `there`: it is in the phase; `moved`: one step was asked for, to be read back; `stuck`: no step leads there
   * @throws RemoteError
   */
  stepTowards(
    id: string,
    phase: TicketPhase,
    close: { readonly successful: boolean; readonly notes: string },
    signal: AbortSignal,
  ): Promise<'there' | 'moved' | 'stuck'>;
  /** Puts a link to a page on the ticket; the same link again changes nothing. @throws RemoteError */
  link(
    id: string,
    link: { readonly url: string; readonly title: string },
    signal: AbortSignal,
  ): Promise<void>;
}
