import type { JsonObject } from './json.ts';
import type { TicketTimes } from './ticket-time.ts';

/** What a ticket's state comes to, whatever its system calls it. */
export type TicketPhase = 'new' | 'in_progress' | 'done' | 'cancelled';

/** What was read of a ticket in somebody else's system. */
export interface TicketRead {
  /** The name of the system in COUNTERSIGN_INTEGRATIONS, as in `ticket.system` of a change. */
  readonly system: string;
  /** The id that stays, such as Jira's issue id or ServiceNow's sys_id: it tells two tickets apart. */
  readonly id: string;
  /** The name that people use, such as `OPS-4711` or `CHG0030001`; it may change. */
  readonly key: string;
  readonly url: string | null;
  /** The type as its system names it, such as `Change` or `normal`. */
  readonly type: string;
  /** The project or table that it is in. */
  readonly project: string;
  /** The state as its system names it, such as `In Progress` or `Implement`, and what it comes to. */
  readonly state: string;
  readonly phase: TicketPhase;
  readonly onHold: boolean;
  /** Whether the system's own approval has been given; null where the ticket asks for none. */
  readonly approved: boolean | null;
  readonly summary: string;
  /** The fields that were asked for, by the names they were asked by; null: empty or not there. */
  readonly fields: Readonly<Record<string, string | null>>;
  /** How the system writes moments in its fields. */
  readonly times: TicketTimes;
  /** What changes with each change of the ticket: a number, or the time of its last change. */
  readonly version: string;
  /** SHA-256 of the canonical JSON of what the system answered, lower-case hex. */
  readonly digest: string;
  /** Whose account created it, as its system names accounts. */
  readonly author: string | null;
  /** Marks that an account of ours has set on it, such as a label: see `TicketSystem.find`. */
  readonly marks: readonly string[];
}

/** What is kept and shown of a read: everything but what only its reader needs. */
export type ShownTicket = Omit<TicketRead, 'marks' | 'author'> & { readonly at: string };

/** See {@link ShownTicket}. @param at - when it was read, ISO 8601 */
export function shownTicket({ marks: _m, author: _a, ...shown }: TicketRead, at: string): ShownTicket {
  return { ...shown, at };
}

/**
 * A read with its texts cut to what an entry can hold, and the fields that were asked for. It is judged as it is kept, so that
 * whoever has the entry can judge it anew.
 *
 * @param fields - the names of the fields that were asked for
 */
export function boundedTicket(read: TicketRead, fields: readonly string[]): TicketRead {
  const { url } = read;
  return {
    ...read,
    system: cut(read.system, 100),
    id: cut(read.id, 100),
    key: cut(read.key, 100),
    url: url !== null && url.length <= 1000 ? cut(url, 1000) : null,
    type: cut(read.type, 100),
    project: cut(read.project, 100),
    state: cut(read.state, 100),
    summary: cut(read.summary, 200),
    version: cut(read.version, 100),
    fields: Object.fromEntries(
      fields.map((name) => {
        const text = Object.hasOwn(read.fields, name) ? (read.fields[name] ?? null) : null;
        return [name, text === null ? null : cut(text, 700)];
      }),
    ),
  };
}

function cut(text: string, most: number): string {
  const line = text.replaceAll(/\p{Cc}/gu, ' ');
  return (line.length <= most ? line : `${line.slice(0, most - 1)}…`).toWellFormed();
}

/** The same as members of an entry. */
export function ticketMembers(shown: ShownTicket): JsonObject {
  return { ...shown, fields: { ...shown.fields } };
}
