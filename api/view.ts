import { listBodies } from '../audit/list-bodies.ts';
import type { StopWord } from '../audit/stop-words.ts';
import { permissionsOf } from '../domain/actions.ts';
import type { ActionFacts } from '../domain/actions.ts';
import { callUnderWayOf } from '../domain/attempt.ts';
import { readGateFacts } from '../audit/gate-facts.ts';
import { makeGate } from '../calendar/gate.ts';
import { CountersignError } from '../domain/error.ts';
import type { Change } from '../domain/change.ts';
import type { Block } from '../domain/block.ts';
import type { EntryBody, EventType } from '../domain/entry.ts';
import { namesWriter } from '../domain/entry-writer.ts';
import type { Person } from '../domain/person.ts';
import { refusalToDecide } from '../domain/decision.ts';
import { directoryOf } from '../domain/membership.ts';
import { mayRead } from '../domain/reading.ts';
import { ticketRuleOf } from '../domain/ticket-gate.ts';
import type { TicketCode, TicketPoint } from '../domain/ticket-gate.ts';
import type { ShownTicket } from '../domain/ticket-read.ts';
import { isoTime } from '../domain/time.ts';
import { presentedLines } from '../operations/presented-lines.ts';
import type { Directory } from '../policies/directory.ts';
import { isFinal } from '../domain/status.ts';
import { refusalOfDifference } from '../domain/stored-change.ts';
import { standingAfter } from '../domain/stop.ts';
import type { Standing } from '../domain/status.ts';
import { getChange } from '../store/get-change.ts';
import type { CallUnderWay } from '../store/list-calls-under-way.ts';
import { readActionFacts } from './action-facts.ts';
import { findFreeze } from './find-freeze.ts';
import { mayAddress } from './caller.ts';
import type { ApiDependencies } from './dependencies.ts';
import { uuidSchema } from './schemas.ts';
import type { StandingFacts } from './standing.ts';
import type { Queryable } from '../store/queryable.ts';
import type { ChangeView, ShownChange, ShownStop, ShownTicketRead } from './change-view.ts';

const unreachable: TicketCode = 'ticket_unreachable';

function shown({ standing: _standing, reason: _reason, calls: _calls, ...change }: Change): ShownChange {
  return change;
}

/** A call that had begun when something was stopped. */
export function shownCall({ change, attempt, sentAt }: CallUnderWay) {
  return { changeId: change.id, attempt, sentAt };
}

/**
 * The change that somebody wants to act on, when they may.
 * @throws CountersignError `not_found`
 */
export async function findChange(db: Queryable, id: unknown, person: Person): Promise<Change> {
  const known = uuidSchema.safeParse(id);
  const change = known.success ? await getChange(db, known.data.toLowerCase()) : null;
  if (!change || !mayAddress(person, change)) throw unknownChange();
  return change;
}

/**
 * Reads the change that a path names, when the caller may read it.
 * @throws CountersignError `not_found`
 */
export function makeReadChange(
  deps: Pick<ApiDependencies, 'db' | 'policies' | 'now'>,
): (id: unknown, reader: Person) => Promise<Change> {
  const { db, policies, now = Date.now } = deps;
  return async (id, reader) => {
    const change = await findChange(db, id, reader);
    if (!mayRead(change, reader, policies.current().directory.groupsIn, now())) throw unknownChange();
    return change;
  };
}

function unknownChange(): CountersignError {
  return new CountersignError('not_found', 'there is no such change');
}

/** Shows a change to a reader. */
export interface ShowChange {
  /** @throws CountersignError `stored_change_differs` */
  (change: Change, reader: Person): Promise<ChangeView>;
  /** The answer after a word was accepted. A change that differs is shown without a digest, so that nobody can decide on it. */
  afterWord(change: Change, reader: Person): Promise<ChangeView>;
}

/** Makes the view of a change for a reader. */
export function makeView(
  deps: Pick<
    ApiDependencies,
    'db' | 'calendar' | 'operations' | 'policies' | 'refusals' | 'unsealedLimitSeconds' | 'now'
  >,
): ShowChange {
  const { db, calendar, operations, policies, now = Date.now } = deps;
  // For people to look at: the worker checks signatures before it lets a call go.
  const gate = makeGate((of, at) => readGateFacts(db, namesWriter, of, at), calendar);

  const factsOf = (change: Change, reader: Person) => {
    const { decisionStatus, digest } = change;
    const approves = decisionStatus === 'pending' && digest !== null && reader.roles.includes('approver');
    return readActionFacts(deps, change, reader, approves);
  };
  const blockOf = async (change: Change, told: readonly EntryBody[]): Promise<Block | null> => {
    const { decisionStatus, digest } = change;
    if (isFinal(change)) return null;
    if (decisionStatus === 'approved')
      return (await gate(change, now())) ?? heldByTicket(told, 'before_call');
    return decisionStatus === 'pending' && digest === null ? heldByTicket(told, 'precheck') : null;
  };
  const show = async (facts: ActionFacts & StandingFacts, reader: Person): Promise<ChangeView> => {
    const { change, attempts, words } = facts;
    const self = `/v1/changes/${change.id}`;
    const told = ticketRuleOf(change) === null ? [] : await listBodies(db, change.id, ticketTypes);
    const waitsFor = await blockOf(change, told);
    const freeze = waitsFor?.freezeId == null ? null : await findFreeze(deps, waitsFor.freezeId);
    const at = now();
    const { groupsIn } = policies.current().directory;
    const decider = { person: reader, directory: directoryOf(change, reader, isoTime(at), groupsIn) };
    return {
      ...shown(change),
      attempts,
      waitsFor,
      ticketRead: ticketReadIn(told),
      stop: shownStop(words),
      presented: presentedLines(operations, change),
      callUnderWay: callUnderWayOf(attempts),
      awaitingYou: refusalToDecide(change, decider, at) === null,
      actions: permissionsOf({ ...facts, freeze }, decider, at),
      links: { self, events: `${self}/events`, decisions: `${self}/decisions` },
    };
  };
  return Object.assign(
    async (change: Change, reader: Person) => {
      const facts = await factsOf(change, reader);
      if (!facts.isIntact) throw refusalOfDifference(change);
      return show(facts, reader);
    },
    {
      afterWord: async (change: Change, reader: Person) => {
        const facts = await factsOf(change, reader);
        const { isIntact } = facts;
        return show(isIntact ? facts : { ...facts, change: { ...change, digest: null } }, reader);
      },
    },
  );
}

/** The entries that tell of a change's ticket, and whether a call has begun since. */
const ticketTypes = ['ticket.checked', 'attempt.started'] as const satisfies readonly EventType[];

/** A `ticket.checked` entry, as far as it is shown. */
type Checked = Omit<ShownTicketRead, 'at' | 'ticket'> & {
  readonly time: string;
  readonly read: ShownTicket | null;
  readonly until: string | null;
};

/** What was read last: that nothing could be read since makes it no other ticket. */
function ticketReadIn(bodies: readonly EntryBody[]): ShownTicketRead | null {
  const last = bodies.findLast((body) => body.type === 'ticket.checked' && body['verdict'] !== unreachable);
  if (last === undefined) return null;
  const { point, time, verdict, message, read } = last as unknown as Checked;
  return { point, at: time, verdict, message, ticket: read };
}

/** What the worker found last of a ticket at a point; where a call has begun since, nothing: the API reads no tickets itself. */
function heldByTicket(bodies: readonly EntryBody[], at: TicketPoint): Block | null {
  const last = bodies.at(-1);
  if (last?.type !== 'ticket.checked') return null;
  const { point, verdict, message, until } = last as unknown as Checked;
  if (point !== at || verdict === null) return null;
  return { kind: 'ticket', reason: message ?? verdict, until, freezeId: null };
}

/** The last word that counted, unless it resumed the change. */
function shownStop(said: readonly StopWord[]): ShownStop | null {
  let standing: Standing = 'going';
  let last: StopWord | null = null;
  for (const one of said) {
    const after = standingAfter(standing, one.word);
    if (!('standing' in after)) continue;
    standing = after.standing;
    last = one;
  }
  if (last === null || standing === 'going') return null;
  const { person, comment, at } = last.request.signed.statement;
  const { issuer, subject, name } = person;
  return { action: last.word, by: { issuer, subject, name }, comment, at };
}

/** Whether somebody's decision is awaited, with their groups as the directory has them now. */
export function isAwaitedOf(change: Change, person: Person, { groupsIn }: Directory, now: number): boolean {
  const directory = directoryOf(change, person, isoTime(now), groupsIn);
  return refusalToDecide(change, { person, directory }, now) === null;
}
