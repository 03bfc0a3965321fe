import type { EntryBody } from '../../domain/entry.ts';
import { ticketRuleOf } from '../../domain/ticket-gate.ts';
import type { ChangeRecord } from './change-record.ts';
import { objectOf, stringOf } from './fields.ts';
import type { LogFacts } from './log-facts.ts';
import type { Report } from './problem.ts';

/** A change is asked for while no other one is open on its target, or under the ticket that its policy asks for. */
export function judgeOpened(facts: LogFacts, { whole, change }: ChangeRecord, report: Report): void {
  if (!whole || change.closedAt !== null) return;
  const { id, target, ticket } = change;
  const holder = facts.openTargets.get(target.id);
  if (holder === undefined) facts.openTargets.set(target.id, id);
  else if (holder !== id) report('target_taken', `change ${holder} is open on target ${target.id}`);
  if (ticket !== null && ticketRuleOf(change) !== null) {
    takeTicket(facts, id, { system: ticket.system, name: ticket.id }, report);
  }
}

/** What is read of a ticket before people are asked has the id that stays: the change has the ticket by that, too. */
export function judgeTicketHolder(
  facts: LogFacts,
  { whole, change }: ChangeRecord,
  { point, verdict, read }: EntryBody,
  report: Report,
): void {
  if (!whole || change.closedAt !== null || ticketRuleOf(change) === null) return;
  if (point !== 'precheck' || verdict !== null) return;
  const { system, id } = objectOf(read);
  takeTicket(facts, change.id, { system: stringOf(system) ?? '', name: stringOf(id) ?? '' }, report);
}

/** Gives back what a change has taken, once it has ended. */
export function releaseOpened(facts: LogFacts, { change: { id, target } }: ChangeRecord): void {
  if (facts.openTargets.get(target.id) === id) facts.openTargets.delete(target.id);
  for (const key of facts.ticketsOf.get(id) ?? []) facts.openTickets.delete(key);
  facts.ticketsOf.delete(id);
}

function takeTicket(
  { openTickets, ticketsOf }: LogFacts,
  changeId: string,
  { system, name }: { readonly system: string; readonly name: string },
  report: Report,
): void {
  const key = JSON.stringify([system, name]);
  const holder = openTickets.get(key);
  if (holder === undefined) {
    openTickets.set(key, changeId);
    ticketsOf.set(changeId, [...(ticketsOf.get(changeId) ?? []), key]);
  } else if (holder !== changeId) {
    report('ticket_taken', `change ${holder} is open under ticket ${name} of ${system}`);
  }
}
