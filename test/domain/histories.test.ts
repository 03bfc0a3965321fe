import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../domain/change.ts';
import type { AttemptEnd, ChangeEvent } from '../../domain/change-event.ts';
import { decide } from '../../domain/decide.ts';
import type { Command } from '../../domain/decide.ts';
import { endOfSuccess, endWithoutCall } from '../../domain/end.ts';
import { evolve, newChange } from '../../domain/evolve.ts';
import { transitions } from '../../domain/lifecycle.ts';
import type { Transitions } from '../../domain/lifecycle.ts';
import type { Person, Role } from '../../domain/person.ts';
import { newStatement } from '../../domain/statement.ts';
import type { Said } from '../../domain/statement.ts';
import { isoTime } from '../../domain/time.ts';
import { pins } from '../support/operations.ts';
import { targetOf } from '../support/target.ts';
import { person, policyOf, stage, submitted } from './decidable-fixture.ts';
import { naiveChange, roles } from './naive-change.ts';
import type { Seen, Try } from './naive-change.ts';

/* Whatever people and the service try, in whatever order: the machine comes to what a list of what has happened says. */

const now = submitted + 5000;
const people = Object.fromEntries(
  Object.entries(roles).map(([name, own]) => [name, person(name, [], own as Role[])]),
) as Record<string, Person>;

interface Machine {
  readonly table?: Transitions;
  readonly evolved?: (change: Change, event: ChangeEvent) => Change;
}

function asked(needed: 1 | 2, breakGlass: boolean): Change {
  const policy = policyOf([stage('one', `*:${breakGlass ? 2 : needed}`)], {
    breakGlass: { groups: [], approvals: 1 },
    reject: { kind: 'any' },
  });
  return newChange({
    ...{ id: '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42', operation: 'ActiveCaCertificate', input: { sn: '1' } },
    ...pins,
    ...{
      target: targetOf('t'),
      requester: personOf('alice'),
      justification: '',
      ticket: null,
      breakGlass,
      policy,
    },
    ...{ submittedAt: isoTime(submitted), decideBy: isoTime(submitted + 86_400_000) },
    ...{ executeAfter: null, executeBy: null, executeWithinMs: 3_600_000 },
  });
}

function personOf(name: string): Person {
  return people[name] ?? expect.fail(`nobody is called ${name}`);
}

function says(change: Change, who: string, said: Omit<Said, 'comment'>): Command {
  const statement = newStatement({ ...said, comment: '' } as Said, change, personOf(who), isoTime(now));
  return { kind: 'request', request: { signed: { statement, keyId: '', signature: '' }, source: null } };
}

/** The command by which the machine is told of it; null where only the store takes part. */
function commandOf(change: Change, one: Try, isSent: boolean, called: boolean): Command | null {
  const { digest } = change;
  switch (one.what) {
    case 'approve':
    case 'reject':
      return says(change, one.who, { kind: 'decision', action: one.what, digest });
    case 'take_back':
      return says(change, one.who, { kind: 'decision_withdrawal', action: 'withdraw', digest });
    case 'review':
      return says(change, one.who, { kind: 'review', action: 'sign' });
    case 'withdraw':
      return says(change, one.who, { kind: 'withdrawal', action: 'withdraw' });
    case 'revoke':
      return says(change, one.who, { kind: 'revocation', action: 'revoke' });
    case 'pause':
    case 'resume':
    case 'retry':
    case 'abandon':
      return says(change, one.who, { kind: 'execution', action: one.what });
    case 'show':
      return {
        ...{
          kind: 'show',
          snapshot: null,
          digest: String(change.round + 1)
            .repeat(64)
            .slice(0, 64),
        },
        ...{ readRequestId: null, warning: null },
      };
    case 'refuse':
      return { kind: 'refuse', code: 'c', message: '', requestId: null, snapshot: null };
    case 'expire':
      return { kind: 'expire' };
    case 'cancel':
      return { kind: 'cancel', code: 'workflow_cancelled', host: null };
    case 'drift':
      return { kind: 'drift', message: '', called };
    case 'hold':
      return {
        kind: 'hold',
        why: { kind: 'freeze', reason: '', until: null, freezeId: 'f' },
        called,
      };
    case 'lapse': {
      const { issuer, subject } = personOf(one.who);
      return { kind: 'lapse', reevaluation: { lapsed: [{ issuer, subject }], narrowed: [], missing: [] } };
    }
    case 'begin':
      return { kind: 'begin', ordinal: change.calls.started + 1 };
    case 'mark':
      return null;
    case 'answer': {
      const attempt: AttemptEnd = {
        ...{
          ordinal: change.calls.open[0] ?? 0,
          class: null,
          httpStatus: null,
          message: null,
          requestId: null,
        },
        ...{ code: isSent ? 'c' : 'not_sent', sentAt: isSent ? isoTime(now) : null },
      };
      return { kind: 'answer', outcome: isSent ? one.how : 'failed', attempt };
    }
    case 'close': {
      const why = { code: 'c', message: '' };
      const decided = change.decisionStatus === 'pending' ? { decisionStatus: 'withdrawn' as const } : {};
      if (change.calls.succeeded) return { kind: 'close', end: { ...decided, ...endOfSuccess('r', false) } };
      if (!change.calls.called) return { kind: 'close', end: { ...decided, ...endWithoutCall(change, why) } };
      return { kind: 'close', end: { ...decided, executionStatus: 'failed', outcome: why } };
    }
  }
}

function seenOf(change: Change): Seen {
  const { decisionStatus, executionStatus, reviewStatus, round, calls, review, closedAt } = change;
  const counting = change.decisions.filter(({ counts }) => counts);
  return {
    ...{ decisionStatus, executionStatus, reviewStatus, round },
    votes: Object.fromEntries(counting.map((d) => [d.person.subject, d.decision])),
    started: calls.started,
    isOpen: calls.open.length > 0,
    ...{ called: calls.called, succeeded: calls.succeeded },
    reviewer: review?.person.subject ?? null,
    isClosed: closedAt !== null,
  };
}

/** Tries all of it on both, and compares what comes of each. */
function compare(
  { needed, breakGlass, tries }: { needed: 1 | 2; breakGlass: boolean; tries: readonly Try[] },
  { table, evolved = evolve }: Machine = {},
): Seen {
  const model = naiveChange(breakGlass ? 1 : needed, breakGlass);
  let change = asked(needed, breakGlass);
  for (const one of tries) {
    const isSent =
      model.isOpen() &&
      model.happened.findLast(({ what }) => what === 'begin' || what === 'mark')?.what === 'mark';
    const isCalled = isSent || change.calls.called;
    const allowed = model.allows(one);
    const isWorkers = ['drift', 'hold', 'lapse', 'close', 'answer'].includes(one.what);
    // A worker says these of a call that it has no open attempt of, and answers only what it has begun.
    if (isWorkers && allowed !== true && (one.what === 'answer' || model.isOpen())) continue;
    if (one.what === 'lapse' && allowed !== true) continue;
    const command = commandOf(change, one, isSent, isCalled);
    const verdict = command && decide(change, command, { now, called: isCalled }, table);
    if (verdict) {
      const came = 'refusal' in verdict ? false : verdict.events.length > 0 ? true : null;
      expect([one, came]).toEqual([one, allowed]);
      if ('events' in verdict) change = verdict.events.reduce(evolved, change);
    }
    if (allowed === true) model.happened.push(one);
    expect([one, seenOf(change)]).toEqual([one, model.seen()]);
  }
  return seenOf(change);
}

const anybody = fc.constantFrom(...Object.keys(roles));
const approver = fc.constantFrom('bob', 'carol', 'dan');
const byWhom = (who: fc.Arbitrary<string>, ...what: readonly string[]) =>
  fc.record({ what: fc.constantFrom(...what), who }) as fc.Arbitrary<Try>;
const one: fc.Arbitrary<Try> = fc.oneof(
  { weight: 8, arbitrary: byWhom(approver, 'approve') },
  { weight: 5, arbitrary: fc.constant<Try>({ what: 'show' }) },
  { weight: 5, arbitrary: fc.constant<Try>({ what: 'begin' }) },
  { weight: 4, arbitrary: fc.constant<Try>({ what: 'mark' }) },
  {
    weight: 5,
    arbitrary: fc.constantFrom('succeeded', 'failed', 'unknown').map((how): Try => ({ what: 'answer', how })),
  },
  { weight: 2, arbitrary: fc.constantFrom('drift', 'hold').map((what): Try => ({ what })) },
  { weight: 2, arbitrary: byWhom(approver, 'lapse', 'take_back') },
  { weight: 2, arbitrary: byWhom(fc.constant('olga'), 'pause', 'resume', 'retry', 'abandon') },
  { weight: 1, arbitrary: fc.constantFrom('refuse', 'expire', 'cancel').map((what): Try => ({ what })) },
  { weight: 1, arbitrary: fc.constant<Try>({ what: 'close' }) },
  { weight: 1, arbitrary: byWhom(anybody, 'approve', 'reject', 'take_back', 'withdraw', 'revoke') },
  { weight: 1, arbitrary: byWhom(anybody, 'pause', 'resume', 'retry', 'abandon') },
  { weight: 1, arbitrary: byWhom(anybody, 'review') },
);
const histories = fc.record({
  needed: fc.constantFrom(1 as const, 2 as const),
  breakGlass: fc.boolean(),
  tries: fc.array(one, { maxLength: 40, size: 'max' }),
});

test('random histories come to what their list says', () => {
  const ends = new Map<string, number>();
  fc.assert(
    fc.property(histories, (history) => {
      const { decisionStatus, executionStatus } = compare(history);
      const end = `${decisionStatus}/${executionStatus}`;
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }),
    { numRuns: 2000 },
  );
  // They get somewhere.
  expect(ends.size).toBeGreaterThan(12);
});

describe('a machine that is wrong is found', () => {
  const table = (type: keyof typeof transitions, moves: object): Machine => ({
    table: {
      ...transitions,
      [type]: { ...transitions[type], moves: { ...transitions[type].moves, ...moves } },
    },
  });
  const evolved = (changed: (before: Change, event: ChangeEvent) => Partial<Change>): Machine => ({
    evolved: (before, event) => ({ ...evolve(before, event), ...changed(before, event) }),
  });
  test.each<[string, Machine]>([
    [
      'a call that may begin while people are asked',
      table('attempt.started', { deciding: ['running', 'deciding'] }),
    ],
    ['a drift that a paused change does not see', table('change.drifted', { paused: [] })],
    ['an answer that nobody takes while the change ends', table('attempt.failed', { ending: [] })],
    [
      'decisions that outlive their round',
      evolved((before, { type }) => (type === 'change.prechecked' ? { decisions: before.decisions } : {})),
    ],
    [
      'a pause that a second approval forgets',
      evolved((_, { type }) => (type === 'change.scheduled' ? { executionStatus: 'scheduled' } : {})),
    ],
    [
      'a review that a break-glass change does not owe',
      evolved((_, { type }) => (type === 'change.scheduled' ? { reviewStatus: 'none' } : {})),
    ],
    [
      'a call that was not sent and counts',
      evolved((before, { type }) =>
        type === 'attempt.failed' ? { calls: { ...before.calls, open: [], called: true } } : {},
      ),
    ],
  ])('%s', (_name, machine) => {
    const property = fc.property(histories, (history) => void compare(history, machine));
    expect(fc.check(property, { numRuns: 3000 }).failed).toBe(true);
  });
});
