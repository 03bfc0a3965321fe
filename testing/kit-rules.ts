import { randomUUID } from 'node:crypto';
import { makeGate } from '../calendar/gate.ts';
import type { Block } from '../domain/block.ts';
import type { Change } from '../domain/change.ts';
import type { Freeze } from '../domain/freeze.ts';
import { refusalOfTicket, ticketFieldsOf, ticketRuleOf } from '../domain/ticket-gate.ts';
import type { TicketPoint, TicketRefusal } from '../domain/ticket-gate.ts';
import { boundedTicket } from '../domain/ticket-read.ts';
import type { TicketRead } from '../domain/ticket-read.ts';

/** A freeze for a test. What is left out: every operation and target, from now on, until it is lifted. */
export type TestFreeze = Partial<Pick<Freeze, 'operation' | 'scope' | 'startsAt' | 'endsAt' | 'reason'>>;

/** A ticket for a test, as its system would show it. What is left out is as a ticket that is being worked on has it. */
export type TestTicket = Pick<TicketRead, 'system' | 'id'> & Partial<TicketRead>;

/** Freezes and tickets in memory, judged by the rules of a service. */
export interface KitRules {
  freeze(freeze: TestFreeze, at: string): string;
  lift(id: string): void;
  putTicket(ticket: TestTicket): void;
  removeTicket(system: string, id: string): void;
  /** What is against a change's ticket; null where nothing is, or its policy asks for none. */
  refusal(change: Change, point: TicketPoint, now: number): TicketRefusal | null;
  /** What keeps a change from running; null: nothing. */
  block(change: Change, now: number): Promise<Block | null>;
}

const nobody = { declaredBy: null, declaredAt: null, liftedBy: null, liftedAt: null } as const;

/** None yet. */
export function kitRules(): KitRules {
  const freezes = new Map<string, Freeze>();
  const tickets = new Map<string, TicketRead>();
  const nameOf = (system: string, id: string) => JSON.stringify([system, id]);
  const gate = makeGate(() =>
    Promise.resolve({
      freezes: [...freezes.values()],
      ...{ overrides: [], revocation: null, differing: [], overridesDiffer: false },
    }),
  );

  function refusal(change: Change, point: TicketPoint, now: number): TicketRefusal | null {
    const rule = ticketRuleOf(change);
    if (rule === null) return null;
    const { ticket, target } = change;
    const found = ticket === null ? undefined : tickets.get(nameOf(ticket.system, ticket.id));
    const read = found === undefined ? null : boundedTicket(found, ticketFieldsOf(rule));
    return refusalOfTicket(rule, { target, read, point, now });
  }

  return {
    freeze({ operation = null, scope = {}, startsAt, endsAt = null, reason = 'a test' }, at) {
      const id = randomUUID();
      freezes.set(id, { id, operation, scope, startsAt: startsAt ?? at, endsAt, reason, ...nobody });
      return id;
    },
    lift: (id) => void freezes.delete(id),
    putTicket(ticket) {
      tickets.set(nameOf(ticket.system, ticket.id), {
        ...{ key: ticket.id, url: null, type: 'Change', project: 'TEST', state: 'In Progress' },
        ...{ phase: 'in_progress', onHold: false, approved: null, summary: 'a test', fields: {} },
        ...{ times: 'zoned', version: '1', digest: '0'.repeat(64), author: null, marks: [] },
        ...ticket,
      });
    },
    removeTicket: (system, id) => void tickets.delete(nameOf(system, id)),
    refusal,
    async block(change, now) {
      const held = await gate(change, now);
      if (held !== null) return held;
      const why = refusal(change, 'before_call', now);
      return why && { kind: 'ticket', reason: why.message, until: why.until, freezeId: null };
    },
  };
}
