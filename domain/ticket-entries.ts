import { changeMembers, delivererActor, newEntry, workerActor } from './entry.ts';
import type { EntryBody, EntryDraft, EntryPlace, EventType } from './entry.ts';
import type { JsonObject } from './json.ts';
import type { TicketPoint, TicketRefusal } from './ticket-gate.ts';
import { shownTicket, ticketMembers } from './ticket-read.ts';
import type { TicketPhase, TicketRead } from './ticket-read.ts';

/** The types by which the deliverer tells of a ticket. */
export const toldOfTickets = ['ticket.linked', 'ticket.diverged'] as const satisfies readonly EventType[];

/** The change that an entry about its ticket belongs to. */
type Ticketed = Parameters<typeof changeMembers>[0];

/** What a ticket was judged by, and the answer. */
export interface CheckedTicket {
  readonly point: TicketPoint;
  /** ISO 8601: when it was judged. */
  readonly time: string;
  /** When it was read, ISO 8601. */
  readonly readAt: string;
  /** Null: there was no such ticket. */
  readonly read: TicketRead | null;
  readonly refusal: TicketRefusal | null;
}

/**
 * `ticket.checked`: what was read of a change's ticket, and whether the change may go on under it (`verdict` null). With the
 * policy that the change was asked for under, whoever has the log can judge the ticket anew.
 */
export function ticketChecked(
  place: EntryPlace,
  change: Ticketed,
  { point, time, readAt, read, refusal }: CheckedTicket,
  temporal: JsonObject,
): EntryDraft {
  return newEntry(place, {
    type: 'ticket.checked',
    time,
    actor: workerActor,
    ...changeMembers(change),
    temporal,
    point,
    read: read && ticketMembers(shownTicket(read, readAt)),
    verdict: refusal?.code ?? null,
    message: refusal?.message ?? null,
    until: refusal?.until ?? null,
  });
}

/** A ticket of a change in one system: the deliverer made it, or found the one that the change names. */
export interface LinkedTicket {
  readonly system: string;
  /** The id that stays; see TicketRead. */
  readonly id: string;
  readonly key: string;
  readonly url: string | null;
  /** Whether the deliverer made it. */
  readonly isMade: boolean;
}

/** `ticket.linked`: which ticket a change has in a system. Once for each ticket, so its key names it. */
export function ticketLinked(
  { namespace, of }: Omit<EntryPlace, 'ordinal'>,
  change: Ticketed,
  { system, id, key, url, isMade }: LinkedTicket,
  time: string,
): EntryDraft {
  return newEntry(
    { namespace, of, ordinal: `${system}/${id}` },
    {
      type: 'ticket.linked',
      time,
      actor: delivererActor,
      ...changeMembers(change),
      linked: { system, id, key, url, made: isMade },
    },
  );
}

/** That a ticket is not as its change wants it, and that the deliverer has stopped setting it. */
export interface DivergedTicket {
  readonly system: string;
  readonly id: string;
  readonly key: string;
  /** What the change wanted it to be, and what it is. */
  readonly wanted: TicketPhase;
  readonly phase: TicketPhase;
  readonly state: string;
  /** A stable word, such as `moved_by_hand`, `stuck` or `two_found`. */
  readonly why: string;
}

/** `ticket.diverged`. @param ordinal - its place among those of the change, from 1 */
export function ticketDiverged(
  place: EntryPlace,
  change: Ticketed,
  { system, id, key, wanted, phase, state, why }: DivergedTicket,
  time: string,
): EntryDraft {
  return newEntry(place, {
    type: 'ticket.diverged',
    time,
    actor: delivererActor,
    ...changeMembers(change),
    diverged: { system, id, key, wanted, phase, state, why },
  });
}

/** The ticket system whose ticket an entry of the deliverer tells of; null for any other entry. */
export function toldSystemOf({ type, linked, diverged }: EntryBody): string | null {
  const told = type === 'ticket.linked' ? linked : type === 'ticket.diverged' ? diverged : null;
  const { system } = (told ?? {}) as { system?: unknown };
  return typeof system === 'string' ? system : null;
}
