import { refusalOfTicket, ticketRuleOf } from '../../../domain/ticket-gate.ts';
import type { TicketPoint } from '../../../domain/ticket-gate.ts';
import { ticketChecked } from '../../../domain/ticket-entries.ts';
import { ticketRead } from '../../support/ticket.ts';
import { isoTime } from '../../../domain/time.ts';
import type { Driven } from './random-change.ts';
import type { World } from './world.ts';

const unreachable = { code: 'ticket_unreachable', message: 'no answer', until: null } as const;

/** Takes the ticket for the change, by the id that stays. */
function taken({ openTickets }: World, changeId: string, id: string) {
  const holder = openTickets.get(id) ?? changeId;
  if (holder !== changeId)
    return { code: 'ticket_taken', message: 'another change has it', until: null } as const;
  openTickets.set(id, changeId);
  return null;
}

/** Reads a change's ticket where its policy asks for one, and writes what was found. @returns whether the change may go on */
export function readTicket(world: World, { change }: Driven, point: TicketPoint): boolean {
  const rule = ticketRuleOf(change);
  if (rule === null) return true;
  const { chance, pick } = world.random;
  const now = world.now();
  const at = now - world.random.between(0, 800);
  const day = (ms: number) => `${isoTime(now + ms).slice(0, 19)}Z`;
  const fields = {
    'Affected CI': rule.sameTarget?.member === 'sn' ? String(change.target.scope['sn']) : change.target.id,
    'Planned start': day(-3_600_000 * (chance(0.9) ? 1 : -1)),
    'Planned end': day(7_200_000),
  };
  const wrong = pick([
    { state: 'Done', phase: 'done' as const },
    { onHold: true },
    { project: 'NET' },
    { type: 'Bug' },
    { fields: { ...fields, 'Affected CI': 'another' } },
    { approved: null },
  ]);
  const n = change.ticket?.id.at(-1) ?? '';
  const names = { id: `1000${n}`, key: `OPS-${n}` };
  const read = chance(0.04)
    ? null
    : ticketRead({ ...names, fields, approved: true, ...(chance(0.1) ? wrong : {}) });
  const judged =
    refusalOfTicket(rule, { target: change.target, read, point, now: at }) ??
    (point === 'precheck' ? taken(world, change.id, names.id) : null);
  const refusal = read === null && chance(0.5) ? unreachable : judged;
  const place = { namespace: 'default', of: `change-${change.id}`, ordinal: String(world.log.length) };
  const checked = { point, time: isoTime(now), readAt: isoTime(at), read, refusal };
  world.add(ticketChecked(place, change, checked, {}).body);
  return refusal === null;
}
