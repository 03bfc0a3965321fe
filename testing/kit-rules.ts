import { randomUUID } from 'node:crypto';
import { makeGate } from '../calendar/gate.ts';
import type { Block } from '../domain/block.ts';
import type { Change } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import type { Freeze } from '../domain/freeze.ts';
import { refusalOfTicket, ticketFieldsOf, ticketRuleOf } from '../domain/ticket-gate.ts';
import type { TicketPoint, TicketRefusal } from '../domain/ticket-gate.ts';
import { boundedTicket } from '../domain/ticket-read.ts';
import type { TicketRead } from '../domain/ticket-read.ts';
import { readFreezeRequest } from '../operations/freeze-request.ts';
import type { Operations } from '../operations/registry.ts';

/**
 * A freeze for a test, as the API takes one: one operation by its name, and patterns for members that its targets have. What
 * is left out: every operation and target, from now on, until it is lifted.
 */
export type TestFreeze = Partial<Pick<Freeze, 'operation' | 'scope' | 'startsAt' | 'endsAt' | 'reason'>>;

/**
 * A ticket for a test, as its system would show it. What is left out is as a ticket that is being worked on has it: its key is
 * its id, and its project that of the key, as Jira has it: `OPS` of `OPS-1`. A key without a project is in `TEST`.
 */
export type TestTicket = Pick<TicketRead, 'system' | 'id'> & Partial<TicketRead>;

/** Freezes and tickets in memory, judged by the rules of a service. */
export interface KitRules {
  /** @param now - milliseconds since the epoch. @throws CountersignError `invalid_request` as the API */
  freeze(freeze: TestFreeze, operations: Operations, now: number): string;
  /** @throws CountersignError `not_found` where there was none */
  lift(id: string): void;
  putTicket(ticket: TestTicket): void;
  removeTicket(system: string, id: string): void;
  /** What is against a change's ticket; null where nothing is, or its policy asks for none. */
  refusal(change: Change, point: TicketPoint, now: number): TicketRefusal | null;
  /** What keeps a change from running; null: nothing. */
  block(change: Change, now: number): Promise<Block | null>;
}

/** The project of a ticket's key, as Jira makes keys. */
function projectOf(key: string): string {
  return /^([A-Z][A-Z0-9_]*)-\d+$/u.exec(key)?.[1] ?? 'TEST';
}

const nobody = { declaredBy: null, declaredAt: null, liftedBy: null, liftedAt: null } as const;

/** None yet. */
export function kitRules(): KitRules {
  const freezes = new Map<string, Freeze>();
  /** Of those that were lifted, too. */
  const known = new Set<string>();
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
    freeze(freeze, operations, now) {
      const id = randomUUID();
      const { operation, endsAt } = freeze;
      const body = {
        reason: 'a test',
        ...freeze,
        operation: operation ?? undefined,
        endsAt: endsAt ?? undefined,
      };
      freezes.set(id, { id, ...readFreezeRequest(operations, body, now), ...nobody });
      known.add(id);
      return id;
    },
    lift(id) {
      if (!known.has(id)) throw new CountersignError('not_found', 'there is no such freeze');
      freezes.delete(id);
    },
    putTicket(ticket) {
      tickets.set(nameOf(ticket.system, ticket.id), {
        ...{ key: ticket.id, url: null, type: 'Change', state: 'In Progress' },
        project: projectOf(ticket.key ?? ticket.id),
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
