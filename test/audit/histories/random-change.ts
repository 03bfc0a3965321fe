import { refusalOfBreakGlass } from '../../../domain/break-glass.ts';
import { askedMembers } from '../../../domain/asked.ts';
import type { Change, ChangeRequest, SignedRequest } from '../../../domain/change.ts';
import { entryBodyOf, requestedEvent, saidInEntry } from '../../../domain/change-event.ts';
import type { ChangeEvent } from '../../../domain/change-event.ts';
import { decide } from '../../../domain/decide.ts';
import type { Command } from '../../../domain/decide.ts';
import { digestText } from '../../../domain/digest.ts';
import { changeMembers, newEntryBody } from '../../../domain/entry.ts';
import { evolve, newChange } from '../../../domain/evolve.ts';
import { requesterOfHost } from '../../../domain/host.ts';
import { phaseOf } from '../../../domain/lifecycle.ts';
import { directoryOf } from '../../../domain/membership.ts';
import { answerableFor } from '../../../domain/person.ts';
import { mayRead } from '../../../domain/reading.ts';
import { ticketRuleOf } from '../../../domain/ticket-gate.ts';
import type { Person, PersonId } from '../../../domain/person.ts';
import type { PinnedPolicy } from '../../../domain/policy.ts';
import { newStatement } from '../../../domain/statement.ts';
import type { Act, SignedStatement } from '../../../domain/statement.ts';
import type { Standing } from '../../../domain/status.ts';
import { standingAfter } from '../../../domain/stop.ts';
import type { Word } from '../../../domain/stop.ts';
import { submissionText } from '../../../domain/submission.ts';
import { isoTime } from '../../../domain/time.ts';
import { sha256 } from '../../support/honest.ts';
import { pins } from '../../support/operations.ts';
import { caTarget } from '../../support/target.ts';
import type { World } from './world.ts';

const temporal = { namespace: 'default', workflowId: 'w', runId: 'r' };
const host = { namespace: 'default', workflowId: 'lines', runId: 'r-1', type: 'moveLine' };

/** A change under way: what it is, and what its log says of words to stop. */
export interface Driven {
  change: Change;
  standing: Standing;
  /** How many words to stop or to go on the API has written down. */
  said: number;
  /** Words that its workflow has not heard. */
  readonly unheard: SignedRequest[];
  /** When the attempt under way was marked as sent, ms since the epoch; null: it was not. */
  sentAt: number | null;
  /** The RequestId of its last answer; null: there was none. */
  answeredAs: string | null;
  /** The start of its round, ms since the epoch. */
  roundBegan: number;
  escalatedIn: number;
}

/** What somebody says, signed by the API, and where it came from. */
export function says(world: World, change: Change, by: Person, act: Act, more: object = {}): SignedStatement {
  const at = isoTime(world.now() - world.random.between(0, 900));
  const comment = world.random.chance(0.8) ? 'seen' : '';
  const said = { ...act, comment, ...more };
  return world.keys.statementSigner.sign(newStatement(said, change, by, at));
}

/** A change that is asked for, in one of the ways in which one may be. */
export function ask(
  world: World,
  policy: PinnedPolicy,
  sn: string,
  mayBreakGlass: (by: PersonId) => boolean,
): Driven {
  const { random, people, keys } = world;
  const { chance, pick } = random;
  const now = world.now();
  const good = world.tokens.filter(({ isRevoked, expiresAt }) => !isRevoked && expiresAt > now + 1000);
  const asHost = chance(0.12) && !policy.standard;
  const machine = !asHost && good.length > 0 && chance(0.5) ? pick(good).machine : null;
  const person = machine ?? pick(people.requesters);
  const requester = asHost ? requesterOfHost(person, host) : person;
  const input = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-test00001', sn };
  const justification = pick(['line 4 is back', 'outage since noon', 'as agreed']);
  const breakGlass =
    !asHost &&
    chance(0.6) &&
    refusalOfBreakGlass(policy, requester, justification, people.groupsIn(requester)) === null &&
    mayBreakGlass(answerableFor(requester));
  const later = (minutes: number) => isoTime(now + minutes * 60_000);
  const ticketed = policy.ticket !== null && (policy.ticket.required || chance(0.5));
  const executeAfter = !asHost && chance(0.2) ? later(random.between(-30, 300)) : null;
  const asked = {
    id: random.uuid(),
    ...{ operation: 'ActiveCaCertificate', ...pins, input, target: caTarget(input), requester },
    justification,
    ticket: ticketed ? { system: 'jira', id: freeTicket(world), url: null } : null,
    ...{ breakGlass, policy, submittedAt: isoTime(now) },
    decideBy: isoTime(
      now + (asHost ? policy.decideWithinMs : random.pick([policy.decideWithinMs, 7_200_000])),
    ),
    executeAfter,
    executeBy: !asHost && chance(0.15) ? later(random.between(301, 2000)) : null,
    executeWithinMs: policy.executeWithinMs,
  };
  const change = newChange(asked);
  const digest = sha256(submissionText(askedMembers(change), asked.submittedAt));
  const statement = newStatement(
    { kind: 'submission', action: 'submit', comment: '', digest },
    { id: asked.id, round: 0 },
    requester,
    asked.submittedAt,
  );
  const request: ChangeRequest = {
    ...asked,
    submission: asHost ? null : keys.statementSigner.sign(statement),
    idempotency: asHost ? null : { key: asked.id, bodyDigest: digest },
    ...{ source: '127.0.0.1' },
  };
  if (asked.ticket !== null && ticketRuleOf(change) !== null)
    world.openTickets.set(asked.ticket.id, asked.id);
  world.pin(policy);
  world.add(entryBodyOf(change, requestedEvent(request, asHost ? host : null), temporal));
  return {
    ...{ change, standing: 'going', said: 0, unheard: [], sentAt: null, answeredAs: null },
    ...{ roundBegan: now, escalatedIn: 0 },
  };
}

/** A name of a ticket, or its id, under which no change is open. */
function freeTicket({ random, openTickets }: World): string {
  const names = [1, 2, 3, 4, 5].flatMap((n) => [`OPS-${n}`, `1000${n}`]);
  return random.pick(names.filter((name) => !openTickets.has(name)));
}

/** The events of a command, written; whether there were any. */
export function give(world: World, driven: Driven, command: Command): boolean {
  const called = driven.sentAt !== null || driven.change.calls.called;
  const verdict = decide(driven.change, command, { now: world.now(), called });
  if ('refusal' in verdict) return false;
  for (const event of verdict.events) apply(world, driven, event);
  return verdict.events.length > 0;
}

function apply(world: World, driven: Driven, event: ChangeEvent): void {
  const before = driven.change;
  const after = evolve(before, event);
  driven.change = after;
  if (event.type === 'change.closed') {
    for (const [name, holder] of world.openTickets) if (holder === before.id) world.openTickets.delete(name);
  }
  const body = entryBodyOf(before, event, temporal);
  // The round and digest that an entry tells are those that it makes.
  const { round, digest } = event.type === 'change.prechecked' ? event : before;
  world.add({ ...body, round, digest });
}

/** The target is read and shown. */
export function show(world: World, driven: Driven): void {
  const { change } = driven;
  const snapshot = { sn: change.target.id, status: 'inactive', round: change.round };
  const digest = sha256(digestText(askedMembers(change), snapshot, change.round + 1));
  const command = { kind: 'show', snapshot, digest, readRequestId: null, warning: null } as const;
  if (give(world, driven, command)) driven.roundBegan = world.now();
  give(world, driven, { kind: 'approve_by_rule' });
}

/** Somebody decides, or takes it back, if they may. */
export function word(world: World, driven: Driven, by: Person, act: Act): boolean {
  const { change } = driven;
  const at = isoTime(world.now());
  const isDecision = act.kind === 'decision';
  const directory = isDecision ? directoryOf(change, by, at, world.people.groupsIn) : [];
  const digest =
    isDecision || act.kind === 'decision_withdrawal' || act.kind === 'review' ? change.digest : null;
  const signed = says(world, change, by, act, {
    ...(digest === null ? {} : { digest }),
    ...(directory.length > 0 ? { directory } : {}),
  });
  // Whom the API does not show the change, it does not hear.
  const said = Date.parse(signed.statement.at);
  if (act.kind === 'review' && !mayRead(change, by, world.people.groupsIn, said)) return false;
  return give(world, driven, { kind: 'request', request: { signed, source: '127.0.0.1' } });
}

/** A word to stop, or to go on, which the API writes down before anybody hears it. */
export function stop(world: World, driven: Driven, saidWord: Exclude<Word, 'revoke' | 'retry'>): boolean {
  const { change, standing, sentAt } = driven;
  if (change.closedAt !== null || phaseOf(change) === 'ending') return false;
  const after = standingAfter(standing, saidWord);
  if ('refusal' in after) return false;
  const called = sentAt !== null || change.calls.called;
  const isEnding = saidWord === 'withdraw' || saidWord === 'take_over';
  if (isEnding && called) return false;
  if (
    !isEnding &&
    saidWord !== 'resume' &&
    change.decisionStatus !== 'approved' &&
    !(saidWord === 'abandon' && called)
  )
    return false;
  if (saidWord === 'take_over' && change.breakGlass) return false;
  const { people, random } = world;
  const by =
    saidWord === 'withdraw' && random.chance(0.6)
      ? change.requester
      : saidWord === 'take_over'
        ? random.pick(people.requesters)
        : people.operator;
  const act = (
    saidWord === 'withdraw'
      ? { kind: 'withdrawal', action: saidWord }
      : saidWord === 'take_over'
        ? { kind: 'takeover', action: saidWord }
        : { kind: 'execution', action: saidWord }
  ) as Act;
  const signed = says(world, change, by, act);
  driven.said += 1;
  driven.standing = after.standing;
  const type = saidWord === 'resume' ? 'stop.lifted' : 'stop.requested';
  const callUnderWay = sentAt === null ? null : (change.calls.open[0] ?? null);
  world.add(
    newEntryBody({
      ...{ type, time: isoTime(world.now()), ...changeMembers(change) },
      ...saidInEntry(signed, '127.0.0.1'),
      stop: { ordinal: driven.said, word: saidWord, callUnderWay },
    }),
  );
  driven.unheard.push({ signed, source: '127.0.0.1', ordinal: driven.said });
  return true;
}

/** The workflow hears the words that were written down. */
export function hear(world: World, driven: Driven): void {
  for (const request of driven.unheard.splice(0)) give(world, driven, { kind: 'request', request });
}
