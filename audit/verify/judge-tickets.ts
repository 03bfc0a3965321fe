import type { ChangeEvent } from '../../domain/change-event.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { TicketRule } from '../../domain/policy.ts';
import { oldestTicketMs, refusalOfTicket, ticketRuleOf } from '../../domain/ticket-gate.ts';
import type { TicketCode, TicketPoint } from '../../domain/ticket-gate.ts';
import type { ShownTicket, TicketRead } from '../../domain/ticket-read.ts';
import { ticketTimes } from '../../domain/ticket-time.ts';
import type { ChangeRecord } from './change-record.ts';
import { objectOf, stringOf } from './fields.ts';
import type { Report } from './problem.ts';

/**
 * The record after what was read of the change's ticket. It is judged anew, by the policy that the change was asked for
 * under: that the change might go on has to follow from what was read.
 *
 * @throws TypeError for a read without its members
 */
export function withTicket(record: ChangeRecord, body: EntryBody, report: Report): ChangeRecord {
  const rule = ruleOf(record);
  if (rule === null) return record;
  const { point, verdict } = body;
  if (point !== 'precheck' && point !== 'before_call') throw new TypeError('member point is none');
  const read = readIn(body);
  const { target } = record.change;
  const code = refusalOfTicket(rule, { target, read, point, now: Date.parse(body.time) })?.code ?? null;
  if (verdict !== code && !isOfElsewhere(point, verdict, code)) {
    report(
      'ticket_misjudged',
      `judged ${JSON.stringify(verdict)}, and what was read makes it ${JSON.stringify(code)}`,
    );
  }
  const { id } = record.ticket;
  if (id !== null && read !== null && read.id !== id) {
    report('ticket_differs', `ticket ${read.id} was read, and people were shown ticket ${id}`);
  }
  const isRight = point === 'before_call' && verdict === null;
  const ticket = {
    id: id ?? read?.id ?? null,
    rightAt: isRight ? (read?.at ?? null) : null,
    isShown: point === 'precheck' && verdict === null,
  };
  return { ...record, ticket };
}

/** Two verdicts no ticket says: that another change has it, and that nothing was read. Neither lets a change go on. */
function isOfElsewhere(point: TicketPoint, verdict: unknown, code: TicketCode | null): boolean {
  if (verdict === 'ticket_taken') return point === 'precheck' && code === null;
  return verdict === 'ticket_unreachable' && code === 'ticket_not_found';
}

/** Nobody is asked before the change's ticket has been read, and found right: people are shown what was read. */
export function judgeShownTicket(record: ChangeRecord, report: Report): void {
  if (!record.whole || ruleOf(record) === null || record.ticket.isShown) return;
  report('ticket_not_checked', 'people were asked, and the ticket had not been read and found right');
}

/**
 * No attempt begins without its ticket having been read, and found right, since the approval and the attempt before it, and
 * not long ago: an old read says nothing of the moment of the call.
 */
export function judgeTicketed(
  record: ChangeRecord,
  { attempt: { ordinal }, time }: Extract<ChangeEvent, { type: 'attempt.started' }>,
  report: Report,
): void {
  if (!record.whole || ruleOf(record) === null) return;
  const { rightAt } = record.ticket;
  if (rightAt === null) {
    const message = `attempt ${ordinal} without a ticket that was read and found right before it`;
    report('ticket_not_checked', message);
  } else if (!(Date.parse(time) - Date.parse(rightAt) <= oldestTicketMs)) {
    report('ticket_not_checked', `attempt ${ordinal} at ${time} under a ticket that was read at ${rightAt}`);
  }
}

/** A log from elsewhere may hold any policy; its digest is judged where it is asked for under. */
function ruleOf({ change }: ChangeRecord): TicketRule | null {
  const { ticket } = change.policy as { ticket?: unknown };
  return typeof ticket === 'object' && ticket !== null ? ticketRuleOf(change) : null;
}

const texts = ['system', 'id', 'key', 'type', 'project', 'state', 'phase', 'at'] as const;

function readIn({ read = null }: EntryBody): (TicketRead & Pick<ShownTicket, 'at'>) | null {
  if (read === null) return null;
  const members = objectOf(read);
  const { fields, onHold, approved, times } = members;
  const isWhole =
    ticketTimes.some((one) => one === times) &&
    texts.every((name) => stringOf(members[name]) !== null) &&
    typeof onHold === 'boolean' &&
    (approved === null || typeof approved === 'boolean') &&
    typeof fields === 'object' &&
    fields !== null &&
    Object.values(fields).every((value) => value === null || typeof value === 'string');
  if (!isWhole) throw new TypeError('member read is no ticket');
  return read as unknown as TicketRead & Pick<ShownTicket, 'at'>;
}
