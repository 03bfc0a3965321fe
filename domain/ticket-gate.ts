import type { Change, Ticket } from './change.ts';
import type { ErrorCode, FieldError } from './error.ts';
import type { TicketRule } from './policy.ts';
import type { Target } from './target.ts';
import type { TicketRead } from './ticket-read.ts';
import { ticketTime } from './ticket-time.ts';
import { isoTime } from './time.ts';

/** When a ticket is judged: before people are asked, or right before a call. */
export type TicketPoint = 'precheck' | 'before_call';

/**
 * How old what was read of a ticket may be when an attempt begins, ms. A worker reads it within a second before it judges, and
 * begins the attempt once the judgement is recorded, which takes no longer than Postgres may take for two statements.
 */
export const oldestTicketMs = 120_000;

/** What a ticket can lack. */
export type TicketCode = Extract<ErrorCode, `ticket_${string}`>;

/** Why a change may not go on under its ticket as it is now. */
export interface TicketRefusal {
  readonly code: TicketCode;
  /** For people; it may quote the ticket. */
  readonly message: string;
  /** ISO 8601: when this passes by itself, which is where the planned window begins; null when it does not. */
  readonly until: string | null;
}

/** The rule that a change's ticket is held to; null where its policy has none, or asks for none and none is named. */
export function ticketRuleOf({ policy, ticket }: Pick<Change, 'policy' | 'ticket'>): TicketRule | null {
  const { ticket: rule } = policy;
  return rule != null && (rule.required || ticket !== null) ? rule : null;
}

/** What is wrong with the ticket that a request names, whatever the ticket itself says; null when nothing is. */
export function ticketFault(rule: TicketRule | null, ticket: Ticket | null): FieldError | null {
  if (rule === null) return null;
  const { system } = rule;
  if (ticket === null) {
    const message = `the policy asks for a ticket of ${system}`;
    return rule.required ? { field: 'ticket', rule: 'required', message } : null;
  }
  return ticket.system === system
    ? null
    : { field: 'ticket.system', rule: 'one_of', message: `the policy asks for a ticket of ${system}` };
}

/** The names of the further fields that a rule looks at, as the system names them. */
export function ticketFieldsOf({ sameTarget, window }: TicketRule): string[] {
  return [...new Set([sameTarget?.field, window?.start, window?.end].filter((name) => name !== undefined))];
}

/**
 * Whether a change may go on under its ticket: null, or the first reason why not. What is missing or cannot be read refuses.
 * The ticket is held to what its system says of it, and to no mark or state of ours: a ticket that we have moved on and that
 * is still open is judged like any other.
 *
 * @param read - what was read of it, with the fields of {@link ticketFieldsOf}; null: there is no such ticket
 * @param now - milliseconds since the epoch
 */
export function refusalOfTicket(
  rule: TicketRule,
  { target, read, point, now }: TicketQuestion,
): TicketRefusal | null {
  if (read === null) return no('ticket_not_found', `${rule.system} shows no such ticket`);
  const { key, phase, state } = read;
  if (read.system !== rule.system) {
    return no(
      'ticket_not_allowed',
      `${key} is a ticket of ${read.system}, the policy asks for ${rule.system}`,
    );
  }
  for (const [what, got, allowed] of [
    ['is in', read.project, rule.projects],
    ['is of the type', read.type, rule.types],
  ] as const) {
    if (isOneOf(allowed, got)) continue;
    return no('ticket_not_allowed', `${key} ${what} ${got}, which the policy does not allow`);
  }
  if (rule.sameTarget !== null && !isSameTarget(rule.sameTarget, target, read)) {
    const { field, member } = rule.sameTarget;
    const what = member === null ? "the target's id" : `the target's ${member}`;
    return no('ticket_other_target', `${field} of ${key} does not have ${what}`);
  }
  if (phase === 'done' || phase === 'cancelled') {
    return no('ticket_closed', `${key} is closed (${state})`);
  }
  if (read.onHold) return no('ticket_on_hold', `${key} is on hold`);
  if (!isOneOf(rule.states, state)) {
    return no('ticket_not_allowed', `${key} is in the state ${state}, which the policy does not allow`);
  }
  // Null: the ticket asks for no approval, so it has none.
  if (rule.approved && read.approved !== true) {
    return no('ticket_not_approved', `${key} is not approved in ${rule.system}`);
  }
  return rule.window === null ? null : refusalOfWindow(rule.window, read, point, now);
}

/** What {@link refusalOfTicket} is asked. */
export interface TicketQuestion {
  readonly target: Target;
  readonly read: TicketRead | null;
  readonly point: TicketPoint;
  readonly now: number;
}

/** The planned window: at the precheck it must not be over, before a call it must have begun as well. */
function refusalOfWindow(
  { start, end }: NonNullable<TicketRule['window']>,
  read: TicketRead,
  point: TicketPoint,
  now: number,
): TicketRefusal | null {
  const [from, to] = [momentIn(read, start), momentIn(read, end)];
  if (from === null || to === null || from >= to) {
    const message = `${start} and ${end} of ${read.key} are no window: two times are expected, as ${read.system} writes them, the first earlier`;
    return no('ticket_outside_window', message);
  }
  if (now >= to) return no('ticket_outside_window', `the window of ${read.key} ended at ${isoTime(to)}`);
  if (point === 'precheck' || now >= from) return null;
  return {
    ...no('ticket_outside_window', `the window of ${read.key} begins at ${isoTime(from)}`),
    until: isoTime(from),
  };
}

function momentIn({ fields, times }: TicketRead, name: string): number | null {
  const text = valueOf(fields, name);
  return text === null ? null : ticketTime(text, times);
}

/** Whether the field has the target's whole id, or the whole of one member of its scope. Blanks around it are a person's. */
function isSameTarget(
  { field, member }: NonNullable<TicketRule['sameTarget']>,
  target: Target,
  { fields }: TicketRead,
): boolean {
  const wanted = member === null ? target.id : valueOf(target.scope, member);
  return wanted !== null && wanted !== '' && valueOf(fields, field)?.trim() === wanted;
}

function valueOf(of: Readonly<Record<string, string | null>>, name: string): string | null {
  return Object.hasOwn(of, name) ? (of[name] ?? null) : null;
}

function isOneOf(allowed: readonly string[] | null, got: string): boolean {
  return allowed === null || allowed.includes(got);
}

function no(code: TicketCode, message: string): TicketRefusal {
  return { code, message, until: null };
}
