import { cancellationSignal } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { appendEntry } from '../audit/append.ts';
import { findTicketChecks } from '../audit/find-ticket-checks.ts';
import type { Block } from '../domain/block.ts';
import type { Change } from '../domain/change.ts';
import type { EntryBody } from '../domain/entry.ts';
import type { TicketRule } from '../domain/policy.ts';
import { ticketChecked } from '../domain/ticket-entries.ts';
import { refusalOfTicket, ticketFieldsOf, ticketRuleOf } from '../domain/ticket-gate.ts';
import type { TicketPoint, TicketRefusal } from '../domain/ticket-gate.ts';
import { boundedTicket } from '../domain/ticket-read.ts';
import type { TicketRead } from '../domain/ticket-read.ts';
import { isoTime } from '../domain/time.ts';
import { inTransaction } from '../store/in-transaction.ts';
import type { Queryable } from '../store/queryable.ts';
import { takeOpenTicket } from '../store/take-open-ticket.ts';
import { activityRef } from './activity-ref.ts';
import { answerOr } from './answer-or.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { lockedChange } from './write-events.ts';

/** Longest wait for a ticket system, ms: the activities that ask one have 15 s and more. */
const readWithinMs = 10_000;

/** What came of asking for a change's ticket. `free`: nothing has to be asked. */
export type TicketAnswer =
  | { readonly kind: 'free' }
  | (Asked & { readonly kind: 'read'; readonly read: TicketRead | null })
  | (Asked & {
      readonly kind: 'unread';
      /** For people: without any address or secret. */
      readonly why: string;
      readonly retryAfterMs: number | null;
    });

interface Asked {
  readonly rule: TicketRule;
  /** When, ISO 8601. */
  readonly at: string;
  /** What the log has told last of the ticket; null: nothing yet. */
  readonly told: Told | null;
}

/** What tells two checks apart: a change that is held does not fill the log with the same. */
interface Told {
  readonly point: string;
  readonly verdict: string | null;
  /** Of what was read; null: nothing was. */
  readonly digest: string | null;
}

/** What is told of a ticket. */
interface Judged {
  readonly point: TicketPoint;
  readonly time: number;
  readonly read: TicketRead | null;
  readonly refusal: TicketRefusal | null;
}

/** A change's ticket as it is now, judged by the change's policy; what was judged is an entry. */
export interface TicketCheck {
  /** Reads the ticket, past every cache. Never rejects: that it could not be read is an answer, too. */
  ask(change: Change): Promise<TicketAnswer>;
  /**
   * Whether the change may be shown to people; takes the ticket for it, by the id that its system gives it.
   * @throws ApplicationFailure `ticket_unreachable`, to be retried, where the ticket could not be read
   */
  refusal(change: Change, answer: TicketAnswer): Promise<Pick<TicketRefusal, 'code' | 'message'> | null>;
  /**
   * Whether its call may be made now.
   * @param isNext - whether the call comes next: only then is a ticket that is right told
   */
  block(change: Change, answer: TicketAnswer, isNext: boolean): Promise<Block | null>;
  /** Asks for a change that is held whether that has passed. */
  hold(change: Change): Promise<Block | null>;
}

/** See {@link TicketCheck}. */
export function makeTicketCheck({
  pool,
  tickets = () => ({}),
  now = Date.now,
}: Pick<ActivityDependencies, 'pool' | 'tickets' | 'now'>): TicketCheck {
  async function ask(change: Change): Promise<TicketAnswer> {
    const rule = ticketRuleOf(change);
    if (rule === null) return { kind: 'free' };
    const readers = tickets();
    const reader = Object.hasOwn(readers, rule.system) ? readers[rule.system] : undefined;
    const checks = await findTicketChecks(pool, change.id).catch(() => null);
    const told = checks?.last ? toldIn(checks.last) : null;
    const read = (found: TicketRead | null): TicketAnswer => ({
      ...{ kind: 'read', rule, told, read: found, at: isoTime(now()) },
    });
    const unread = (why: string, retryAfterMs: number | null = null): TicketAnswer => ({
      ...{ kind: 'unread', rule, told, why: `${rule.system}: ${why}`, retryAfterMs, at: isoTime(now()) },
    });
    if (checks === null) return unread('the log could not be asked which ticket it is');
    if (reader === undefined) return unread('this worker reads no tickets of that system');
    if (change.ticket === null) return read(null);
    const known = checks.first && idIn(checks.first);
    const signal = AbortSignal.any([cancellationSignal(), AbortSignal.timeout(readWithinMs)]);
    const fields = ticketFieldsOf(rule);
    try {
      const reading = reader.read(known ?? change.ticket.id, fields, signal);
      const found = await answerOr<TicketRead | null | 'late'>(signal, reading, () => 'late');
      if (found === 'late') return unread(`no answer within ${readWithinMs} ms`);
      const bounded = found && boundedTicket(found, fields);
      // Another ticket that has the name or id by now is not the one that people were shown.
      const isSame = bounded === null || known === null || bounded.id === known;
      return read(isSame ? bounded : null);
    } catch (error) {
      const { message, retryAfterMs } = remote(error);
      return unread(message, retryAfterMs);
    }
  }

  /** Judges what was read, and tells it. @param isTold - whether a ticket that is right is told as well */
  async function judge(
    change: Change,
    { rule, read, at, told }: Extract<TicketAnswer, { kind: 'read' }>,
    point: TicketPoint,
    isTold: boolean,
  ): Promise<TicketRefusal | null> {
    const time = now();
    const { target } = change;
    const refusal =
      refusalOfTicket(rule, { target, read, point, now: time }) ??
      (point === 'precheck' && read !== null ? await taken(change, read) : null);
    const judged = { point, time, read, refusal };
    if (refusal === null ? isTold : !isRepeat(told, judged)) await tell(pool, change, at, judged);
    return refusal;
  }

  async function tell(
    db: Queryable,
    change: Change,
    at: string,
    { point, time, read, refusal }: Judged,
  ): Promise<void> {
    const { namespace, workflowId, runId, activityId, attempt } = activityRef();
    const ordinal = `${runId}/${activityId}/${attempt}/${at}`;
    const checked = { point, time: isoTime(time), readAt: at, read, refusal };
    const temporal = { namespace, workflowId, runId, activityId, attempt };
    await appendEntry(db, ticketChecked({ namespace, of: workflowId, ordinal }, change, checked, temporal));
  }

  /** Takes the ticket by the id that stays; while the change is open, so that it is given back at its end. */
  async function taken({ id: changeId }: Change, { system, id: ticket }: TicketRead) {
    const holder = await inTransaction(pool, async (client) => {
      const { closedAt } = await lockedChange(client, changeId);
      return closedAt === null ? await takeOpenTicket(client, { system, ticket, changeId }) : null;
    });
    if (holder === null) return null;
    const message = `change ${holder} is open under this ticket`;
    return { code: 'ticket_taken', message, until: null } as const;
  }

  async function block(change: Change, answer: TicketAnswer, isNext: boolean): Promise<Block | null> {
    if (answer.kind === 'free') return null;
    const refusal =
      answer.kind === 'read'
        ? await judge(change, answer, 'before_call', isNext)
        : await unreadable(change, answer, 'before_call');
    return refusal && { kind: 'ticket', reason: refusal.message, until: refusal.until, freezeId: null };
  }

  /** What could not be read holds a change like a ticket that is not right, and is told like one. */
  async function unreadable(
    change: Change,
    { why, at, told }: Extract<TicketAnswer, { kind: 'unread' }>,
    point: TicketPoint,
  ): Promise<TicketRefusal> {
    const refusal = { code: 'ticket_unreachable', message: why, until: null } as const;
    const judged = { point, time: now(), read: null, refusal };
    if (isRepeat(told, judged)) return refusal;
    await inTransaction(pool, async (client) => {
      // It may have ended while its ticket was being read.
      const { closedAt } = await lockedChange(client, change.id);
      if (closedAt === null) await tell(client, change, at, judged);
    });
    return refusal;
  }

  return {
    ask,
    async refusal(change, answer) {
      if (answer.kind === 'free') return null;
      if (answer.kind === 'read') return await judge(change, answer, 'precheck', true);
      const { retryAfterMs } = answer;
      const { code, message } = await unreadable(change, answer, 'precheck');
      throw ApplicationFailure.create({
        type: code,
        message,
        ...(retryAfterMs === null ? {} : { nextRetryDelay: Math.max(retryAfterMs, 1000) }),
      });
    },
    block,
    hold: async (change) => block(change, await ask(change), false),
  };
}

function isRepeat(told: Told | null, { point, read, refusal }: Judged): boolean {
  if (told === null) return false;
  const isSame = told.point === point && told.verdict === (refusal?.code ?? null);
  return isSame && told.digest === (read?.digest ?? null);
}

function toldIn({ point, verdict, read }: EntryBody): Told {
  const { digest = null } = (read ?? {}) as { digest?: string | null };
  return {
    point: typeof point === 'string' ? point : '',
    verdict: (verdict ?? null) as string | null,
    digest,
  };
}

/** The id that stays of a change's ticket, as the log has it from its first read. */
function idIn({ read }: EntryBody): string | null {
  const { id } = (read ?? {}) as { id?: unknown };
  return typeof id === 'string' ? id : null;
}

/** What may be told of an error. A RemoteError (tickets/) has nothing in its message that must not be shown. */
function remote(error: unknown): { readonly message: string; readonly retryAfterMs: number | null } {
  const isRemote = error instanceof Error && error.name === 'RemoteError';
  if (!isRemote) return { message: 'the ticket could not be read', retryAfterMs: null };
  const { retryAfterMs } = error as { retryAfterMs?: number | null };
  return { message: error.message, retryAfterMs: retryAfterMs ?? null };
}
