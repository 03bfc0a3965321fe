import { describe, expect, test } from 'vitest';
import type { Change } from '../../domain/change.ts';
import { decide } from '../../domain/decide.ts';
import { evolve } from '../../domain/evolve.ts';
import type { Person, PersonId } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { reevaluate } from '../../domain/reevaluation.ts';
import { isoTime } from '../../domain/time.ts';
import { change as changeFixture } from '../store/change-fixture.ts';
import { alice, decided, digest, person, policyOf, stage, submitted } from './decidable-fixture.ts';
import { next, withDecision, withEscalation, withLapsed, withNobody, withoutDecision } from './moves.ts';

const [bob, carol, dan] = ['bob', 'carol', 'dan'].map((name) => person(name)) as [Person, Person, Person];
const now = submitted + 5000;
const day = 86_400_000;
const directory = { security: { source: 'directory' }, operations: { source: 'directory' } } as const;

function changeOf(policy: PinnedPolicy, more: Partial<Change> = {}): Change {
  return next(changeFixture({ requester: alice, policy, digest, executeBy: null, ...more }), {});
}
const inGroups = (by: Person, ...groups: string[]) =>
  decided(by, { directory: [{ issuer: by.issuer, subject: by.subject, groups }] });
const listing = (members: Record<string, Person[]>) => (id: PersonId) =>
  Object.keys(members).filter((group) => members[group]?.some(({ subject }) => subject === id.subject));

describe('the approvals, looked at again before the call', () => {
  const policy = policyOf([stage('first', 'security:1 operations:1')], {
    groups: directory,
    escalation: { afterMs: day, group: 'board' },
  });
  const change = changeOf(policy, {
    decisions: [inGroups(bob, 'security', 'operations'), inGroups(carol, 'operations')],
    decisionStatus: 'approved',
    executionStatus: 'scheduled',
  });
  test.each<[string, Record<string, Person[]>, string[], string[]]>([
    ['nobody has left', { security: [bob], operations: [carol] }, [], []],
    ['somebody has left', { security: [bob], operations: [] }, ['carol'], ['operations']],
    ['somebody has left one of two groups', { security: [], operations: [bob, carol] }, [], ['security']],
    ['somebody has joined a group since', { security: [carol], operations: [bob, carol] }, [], ['security']],
    ['all have left', {}, ['bob', 'carol'], ['security', 'operations']],
  ])('%s', (_name, members, lapsed, missing) => {
    const again = reevaluate(change, listing(members));
    expect(again.lapsed.map(({ subject }) => subject)).toEqual(lapsed);
    expect(again.missing.map(({ group }) => group)).toEqual(missing);
    expect(again.missing.reduce((sum, { seats }) => sum + seats, 0)).toBe(missing.length);
  });
  test('an extra approver takes the seat of one who has left', () => {
    const extra = { ...change, decisions: [...change.decisions, inGroups(dan, 'operations')] };
    const again = reevaluate(extra, listing({ security: [bob], operations: [dan] }));
    expect(again).toMatchObject({ lapsed: [{ subject: 'carol' }], missing: [] });
  });
  test('rights by token, and those that the policy lists, stand', () => {
    const other = policyOf([stage('first', 'token:1 listed:1')], {
      groups: { listed: { source: 'members', members: [carol] } },
    });
    const decisions = [decided(person('bob', ['token'])), decided(carol)];
    expect(reevaluate(changeOf(other, { decisions }), () => [])).toMatchObject({ lapsed: [], missing: [] });
  });
  test('the change waits again, for as many, and the escalation group is asked', () => {
    const waiting = withLapsed(change, reevaluate(change, listing({ security: [bob] })), now);
    expect(waiting).toMatchObject({
      decisionStatus: 'pending',
      executionStatus: 'not_started',
      digest,
      round: change.round,
      escalatedAt: new Date(now).toISOString(),
      missing: [{ group: 'operations', seats: 1 }],
    });
    expect(withDecision(waiting, inGroups(dan, 'operations')).decisionStatus).toBe('approved');
  });
});

describe('other steps of a change', () => {
  test('a decision that is taken back is kept and frees its seat', () => {
    const change = changeOf(policyOf([stage('first', '*:2')]));
    const one = withDecision(change, decided(bob));
    expect(one.missing).toMatchObject([{ seats: 1 }]);
    const none = withoutDecision(one, bob, now);
    expect(none).toMatchObject({ missing: [{ seats: 2 }], decisions: [{ counts: false }] });
    expect(none.version).toBe(one.version + 1);
  });
  test('an escalation that falls due again is another event, and the right is as old as the first', () => {
    const first = withEscalation(changeOf(policyOf([stage('first', '*:1')])), now);
    const again = withEscalation(first, now + 1);
    expect(again.escalatedAt).toBe(first.escalatedAt);
    expect(again.version).toBe(first.version + 1);
  });
  test('a reminder names who is missing, moves nothing, and is not given once it is decided', () => {
    const change = changeOf(policyOf([stage('first', 'operations:2'), stage('second', '*:1')]));
    const one = withDecision(change, decided(person('bob', ['operations'])));
    const verdict = decide(one, { kind: 'remind' }, { now });
    expect(verdict).toEqual({
      events: [
        {
          type: 'change.reminded',
          time: isoTime(now),
          actor: { process: 'worker' },
          missing: [
            { stage: 'first', group: 'operations', seats: 1 },
            { stage: 'second', group: null, seats: 1 },
          ],
        },
      ],
    });
    const [event] = 'events' in verdict ? verdict.events : [];
    if (!event) throw new Error('none');
    expect(evolve(one, event)).toEqual({ ...one, version: one.version + 1 });
    const approved = withDecision(changeOf(policyOf([stage('first', '*:1')])), decided(bob));
    for (const done of [approved, { ...one, digest: null }]) {
      expect(decide(done, { kind: 'remind' }, { now })).toEqual({ events: [] });
    }
  });
  test('a standard change is approved by nobody, and executes within its time', () => {
    const standard = policyOf([], { standard: true });
    expect(withNobody(changeOf(standard), now)).toMatchObject({
      decisionStatus: 'approved',
      executionStatus: 'scheduled',
      executeBy: new Date(now + day).toISOString(),
      decisions: [],
    });
    const executeAfter = new Date(now + day).toISOString();
    const later = withNobody(changeOf(standard, { executeAfter }), now);
    expect(later.executeBy).toBe(new Date(now + 2 * day).toISOString());
  });
  test.each<[boolean, boolean, 0 | 1, boolean]>([
    [false, false, 0, false],
    [false, true, 1, false],
    [false, true, 0, true],
  ])(
    'standard %s, glass broken %s with %i approvals: approved by nobody %s',
    (standard, breakGlass, approvals, expected) => {
      const policy = policyOf([stage('first', '*:1')], {
        standard,
        breakGlass: { groups: ['oncall'], approvals },
      });
      expect(withNobody(changeOf(policy, { breakGlass }), now).decisionStatus === 'approved').toBe(expected);
    },
  );
});
