import { judgeEnd } from '../../audit/verify/judge-end.ts';
import type { Change, SignedRequest } from '../../domain/change.ts';
import type { AttemptEnd, ChangeEvent } from '../../domain/change-event.ts';
import { decide } from '../../domain/decide.ts';
import type { Command } from '../../domain/decide.ts';
import { decisionOutcome } from '../../domain/decision.ts';
import { endOfOrphan, endOfSettlement, endOfSuccess, endWithoutCall } from '../../domain/end.ts';
import type { End } from '../../domain/end.ts';
import { evolve } from '../../domain/evolve.ts';
import { phaseOf } from '../../domain/lifecycle.ts';
import type { Transitions } from '../../domain/lifecycle.ts';
import type { Person } from '../../domain/person.ts';
import { reevaluate } from '../../domain/reevaluation.ts';
import { newStatement } from '../../domain/statement.ts';
import type { Act } from '../../domain/statement.ts';
import { isoTime } from '../../domain/time.ts';
import { standingAfter } from '../../domain/stop.ts';
import { differenceIn } from '../../domain/stored-change.ts';
import type { Word } from '../../domain/stop.ts';
import type { Standing } from '../../domain/status.ts';
import { submitted } from './decidable-fixture.ts';

/** A change, with what the store and the log know of it beside. */
export interface World {
  readonly change: Change;
  /** Whether the attempt that has not ended is marked as sent: its call has begun. */
  readonly isSent: boolean;
  /** What the words make of it that the API has written down, heard or not. */
  readonly said: Standing;
  /** A word that was written down and that the workflow has not heard. */
  readonly unheard: Word | null;
}

/** A step that is possible, with its name. */
export interface Step {
  readonly name: string;
  /** Whether it needs somebody: a person, or an engine that cancels. */
  readonly byPeople: boolean;
  readonly to: World;
}

/** Something that must never be. */
export interface Broken {
  readonly rule: string;
  readonly path: readonly string[];
}

const now = submitted + 5000;
const mostAttempts = 2;
const mostRounds = 2;

/** Every world that can be reached, breadth first; and each rule that is broken, by the shortest way to it. */
export function walk(
  first: Change,
  people: readonly Person[],
  { table, until = () => false }: { table?: Transitions; until?: (broken: Broken) => boolean } = {},
) {
  const start: World = { change: first, isSent: false, said: 'going', unheard: null };
  const known = new Map<string, { world: World; path: readonly string[]; steps: Step[] }>();
  const broken: Broken[] = [];
  const queue = [keyOf(start)];
  known.set(keyOf(start), { world: start, path: [], steps: [] });
  for (let key = queue.shift(); key !== undefined && !broken.some(until); key = queue.shift()) {
    const at = known.get(key);
    if (!at) continue;
    const report = (rule: string, name: string) => broken.push({ rule, path: [...at.path, name] });
    at.steps = stepsFrom(at.world, people, report, table);
    for (const { name, to } of at.steps) {
      const next = keyOf(to);
      if (known.has(next)) continue;
      known.set(next, { world: to, path: [...at.path, name], steps: [] });
      queue.push(next);
    }
  }
  const all = [...known.values()];
  for (const { path } of deadEnds(all)) broken.push({ rule: 'cannot end without people', path });
  for (const { world, path } of all) for (const rule of brokenAtRest(world)) broken.push({ rule, path });
  return { worlds: all.map(({ world }) => world), broken };
}

/** What of a world later steps depend on. */
function keyOf({ change, isSent, said, unheard }: World): string {
  const { decisionStatus, executionStatus, reviewStatus, round, digest, standing, calls, reason } = change;
  const decisions = change.decisions.map((d) => [
    d.person.subject,
    d.decision,
    d.counts,
    d.round,
    d.takenBack ?? 0,
  ]);
  return JSON.stringify([
    ...[decisionStatus, executionStatus, reviewStatus, round, digest, standing, reason?.code ?? null],
    ...[calls.started, [...calls.open], calls.called, calls.succeeded, decisions.sort() as never],
    ...[change.escalatedAt !== null, change.closedAt !== null, isSent, said, unheard],
  ]);
}

/** Worlds from which no end is reached by what the service does by itself. */
function deadEnds(all: readonly { world: World; path: readonly string[]; steps: readonly Step[] }[]) {
  const ends = new Set(
    all.filter(({ world }) => world.change.closedAt !== null).map(({ world }) => keyOf(world)),
  );
  for (let before = -1; before !== ends.size;) {
    before = ends.size;
    for (const { world, steps } of all) {
      if (steps.some(({ byPeople, to }) => !byPeople && ends.has(keyOf(to)))) ends.add(keyOf(world));
    }
  }
  return all.filter(({ world }) => !ends.has(keyOf(world)));
}

function brokenAtRest({ change }: World): string[] {
  const { closedAt, breakGlass, executionStatus, reviewStatus, outcome, calls } = change;
  if (isTakenForEdited(change)) return ['a change that nobody edited is not shown'];
  if (closedAt === null) return [];
  const isIdle = executionStatus === 'not_started' || executionStatus === 'cancelled';
  const isOwed = breakGlass && !isIdle;
  const rules: string[] = [];
  if (isOwed !== (reviewStatus !== 'none'))
    rules.push('a review is owed exactly when a break-glass change was called');
  if (outcome === null) rules.push('each end has an outcome');
  if (executionStatus === 'succeeded' && !calls.succeeded)
    rules.push('a success without a call that succeeded');
  if (executionStatus === 'scheduled' || executionStatus === 'running' || executionStatus === 'paused')
    rules.push('an end whose execution goes on');
  if (isIdle && calls.succeeded) rules.push('idle after a call that succeeded');
  return rules;
}

/** Whether somebody seems to have edited it: its digests are right, since nobody has made them here. */
function isTakenForEdited(change: Change): boolean {
  const digest = (text: string) =>
    text.includes('"snapshot":') ? (change.digest ?? '') : change.policy.digest;
  return differenceIn(change, digest) !== null;
}

function stepsFrom(
  world: World,
  people: readonly Person[],
  report: (rule: string, name: string) => void,
  table?: Transitions,
): Step[] {
  const { change, isSent } = world;
  const steps: Step[] = [];
  const phase = phaseOf(change);

  function give(name: string, command: Command, byPeople: boolean, more: Partial<World> = {}): void {
    const called = isSent || change.calls.called;
    const verdict = decide(change, command, { now, called }, table);
    if ('refusal' in verdict) {
      if (verdict.refusal.code === 'internal_error') report('an event that the table does not have', name);
      return;
    }
    if (verdict.events.length === 0 && Object.keys(more).length === 0) return;
    let to = change;
    for (const event of verdict.events) {
      checkEvent(to, event, world, (rule) => report(rule, name));
      to = evolve(to, event);
    }
    if (to.round > mostRounds || to.calls.started > mostAttempts) return;
    if (to.decisions.some(({ takenBack = 0 }) => takenBack > 1)) return;
    steps.push({ name, byPeople, to: { ...world, change: to, ...more } });
  }

  for (const person of people) {
    for (const action of ['approve', 'reject'] as const) {
      give(`${action} by ${person.subject}`, said(change, person, { kind: 'decision', action }), true);
    }
    give(
      `take back by ${person.subject}`,
      said(change, person, { kind: 'decision_withdrawal', action: 'withdraw' }),
      true,
    );
  }
  sayWords(world, steps);
  if (world.unheard !== null) {
    const request = wordRequest(change, world.unheard);
    give(`hear ${world.unheard}`, { kind: 'request', request }, false, { unheard: null });
  }
  give('cancel', { kind: 'cancel', code: 'workflow_cancelled', host: null }, true);
  const revoke = { ...wordRequest(change, 'revoke') };
  delete (revoke as { ordinal?: number }).ordinal;
  give('revoke', { kind: 'request', request: revoke }, true);

  const digest = String(change.round + 1).repeat(64);
  give('show', { kind: 'show', snapshot: null, digest, readRequestId: null, warning: null }, false);
  give('refuse', { kind: 'refuse', code: 'c', message: '', requestId: null, snapshot: null }, false);
  give('approve by rule', { kind: 'approve_by_rule' }, false);
  give('remind', { kind: 'remind' }, false);
  give('escalate', { kind: 'escalate' }, false);
  give('expire', { kind: 'expire' }, false);
  const called = change.calls.called || isSent;
  // A worker says these of a call that it was asked for, and has no attempt open then.
  if (change.calls.open.length === 0) {
    give('drift', { kind: 'drift', message: '', called }, false);
    const why = { kind: 'freeze', reason: '', until: null, freezeId: 'f' } as const;
    give('hold', { kind: 'hold', why, called }, false);
    give('rest', { kind: 'rest' }, false);
    const reevaluation = reevaluate(change, () => []);
    if (!called && reevaluation.missing.length > 0) give('lapse', { kind: 'lapse', reevaluation }, false);
  }
  // Also by a worker that stood still, while another has an attempt open.
  give('begin', { kind: 'begin', ordinal: change.calls.started + 1 }, false);
  attempts(world, give, steps, report);
  for (const [name, end] of ends(world)) give(`close: ${name}`, { kind: 'close', end }, false);
  const orphan = endOfOrphan(change, [], 'TERMINATED');
  if (!called) give('close an orphan', { kind: 'close', end: orphan, part: 'reconciler' }, true);
  if (phase === 'closed' && steps.some(({ to }) => to.change.closedAt === null))
    report('a change that opens again', '');
  return steps;
}

/** The API writes a word down while no call begins: from then on none does. */
function sayWords(world: World, steps: Step[]): void {
  const { change, isSent, said: before, unheard } = world;
  if (unheard !== null || change.closedAt !== null) return;
  for (const word of ['withdraw', 'take_over', 'pause', 'resume', 'abandon'] as const) {
    const after = standingAfter(before, word);
    if ('refusal' in after) continue;
    if ((word === 'withdraw' || word === 'take_over') && (isSent || change.calls.called)) continue;
    const isExecuting = change.decisionStatus === 'approved';
    if ((word === 'pause' || word === 'abandon') && !isExecuting && !change.calls.called) continue;
    steps.push({
      name: `say ${word}`,
      byPeople: true,
      to: { ...world, said: after.standing, unheard: word },
    });
  }
}

/** An attempt is marked as sent, under the lock that a word excludes, and ends in one of four ways. */
function attempts(
  world: World,
  give: (name: string, command: Command, byPeople: boolean, more?: Partial<World>) => void,
  steps: Step[],
  report: (rule: string, name: string) => void,
): void {
  const { change, isSent, said: standing } = world;
  const [ordinal] = change.calls.open;
  if (ordinal === undefined) return;
  // As `markSent` of the store asks.
  const { closedAt, decisionStatus } = change;
  const isOpen = closedAt === null && decisionStatus === 'approved' && change.standing === 'going';
  const mayMark = !isSent && standing === 'going' && isOpen;
  if (mayMark) {
    const approved = decisionOutcome(change) === 'approved' && change.digest !== null;
    if (!approved) report('a call without a satisfied approval of its digest', 'mark');
    if (change.calls.succeeded) report('a call after one that succeeded', 'mark');
    steps.push({ name: 'mark', byPeople: false, to: { ...world, isSent: true } });
  }
  const ended: AttemptEnd = {
    ...{ ordinal, class: null, httpStatus: null, code: 'c', message: null, requestId: null },
    sentAt: isSent ? '2026-01-01T00:00:00.000Z' : null,
  };
  const unsent = { ...ended, code: 'not_sent' };
  const end = (outcome: 'succeeded' | 'failed' | 'unknown', attempt: AttemptEnd) =>
    give(`${outcome}: ${attempt.code ?? ''}`, { kind: 'answer', outcome, attempt }, false, { isSent: false });
  if (isSent) for (const outcome of ['succeeded', 'failed', 'unknown'] as const) end(outcome, ended);
  else end('failed', unsent);
}

/** How the workflow may end it now. */
function ends({ change, isSent }: World): [string, End][] {
  const phase = phaseOf(change);
  const { calls } = change;
  // What was left open is ended first.
  if (calls.open.length > 0 || isSent) return [];
  const why = change.reason ?? { code: 'execute_by_passed', message: '', requestId: null };
  if (phase === 'reading' || phase === 'deciding' || phase === 'closed') return [];
  const settled = [true, false, null].map((achieved): [string, End] => {
    const settlement = { attempts: 1, achieved, doubt: true, last: null };
    return [`settled ${achieved}`, endOfSettlement(change, why, settlement)];
  });
  if (calls.succeeded) return [['success', endOfSuccess('r', false)]];
  return calls.called ? settled : [['not called', endWithoutCall(change, why)]];
}

function checkEvent(before: Change, event: ChangeEvent, world: World, report: (rule: string) => void): void {
  const isCalled = before.calls.called || world.isSent;
  if (event.type === 'attempt.started') {
    if (decisionOutcome(before) !== 'approved') report('an attempt without a satisfied approval');
    if (before.closedAt !== null) report('an attempt after the end');
    if (before.standing !== 'going') report('an attempt of what was stopped');
    if (before.calls.open.length > 0) report('two attempts at once');
  }
  if (event.type === 'change.closed') {
    judgeEnd({ whole: true, change: before }, event, (_code, message) => {
      report(`an end that the verifier reports: ${message}`);
    });
  }
  if (event.type === 'change.withdrawn' && isCalled) report('withdrawn after a call had begun');
  if (event.type === 'change.scheduled' && decisionOutcome(before) !== 'approved')
    report('scheduled without approval');
  if (before.closedAt !== null && !event.type.startsWith('attempt.') && event.type !== 'review.signed') {
    report('an event after the end');
  }
}

function said(change: Change, person: Person, act: Act): Command {
  const { digest } = change;
  const statement = newStatement({ ...act, comment: '', digest }, change, person, isoTime(now));
  return { kind: 'request', request: { signed: { statement, keyId: '', signature: '' }, source: null } };
}

/** What somebody does who says a word. */
function actOf(word: Word): Act {
  switch (word) {
    case 'withdraw':
      return { kind: 'withdrawal', action: word };
    case 'take_over':
      return { kind: 'takeover', action: word };
    case 'revoke':
      return { kind: 'revocation', action: word };
    default:
      return { kind: 'execution', action: word };
  }
}

function wordRequest(change: Change, word: Word): SignedRequest {
  const admin: Person = {
    ...{ issuer: 'https://id', subject: 'olga', name: 'olga', roles: ['operator', 'admin'], groups: [] },
    authentication: { methods: [], at: null },
  };
  const statement = newStatement({ ...actOf(word), comment: '' }, change, admin, isoTime(now));
  return { signed: { statement, keyId: '', signature: '' }, source: null, ordinal: change.stopWords + 1 };
}
