import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../domain/change.ts';
import { newChange } from '../../domain/evolve.ts';
import { decisionOf, decisionOutcome, judgeDecision, refusalToTakeBack } from '../../domain/decision.ts';
import type { PersonId } from '../../domain/person.ts';
import type { GroupSource, PinnedPolicy, RejectRule } from '../../domain/policy.ts';
import { reevaluate } from '../../domain/reevaluation.ts';
import { alice, decided, digest, person, policyOf, stage, submitted, wanted } from './decidable-fixture.ts';
import { withDecision, withEscalation, withLapsed, withoutDecision, withRound } from './moves.ts';
import { naivelyApproved, naivelyRejected } from './naive-model.ts';
import { pins } from '../support/operations.ts';
import { targetOf } from '../support/target.ts';

const now = submitted + 1000;
const hour = 3_600_000;
const listed = (subject: string) => ({ issuer: 'https://id', subject });

function changeUnder(policy: PinnedPolicy): Change {
  const change = newChange({
    id: '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42',
    operation: 'ActiveCaCertificate',
    ...pins,
    input: { sn: '1' },
    target: targetOf('t'),
    requester: alice,
    justification: 'because',
    ticket: null,
    breakGlass: false,
    policy,
    submittedAt: new Date(submitted).toISOString(),
    decideBy: new Date(submitted + 24 * hour).toISOString(),
    executeAfter: null,
    executeBy: null,
    executeWithinMs: hour,
  });
  return withRound(change, { status: 'inactive' }, digest);
}

describe('what changes the people or their rights decides anew', () => {
  const managers = {
    escalation: { afterMs: hour, group: 'board' },
    groups: { board: { source: 'token' } },
  } as const;
  const bob = person('bob', ['operations']);
  const carol = person('carol', ['operations', 'board']);
  const scheduled = {
    decisionStatus: 'approved',
    executionStatus: 'scheduled',
    missing: [],
    executeBy: new Date(now + hour).toISOString(),
  };

  test('an escalation whose group has filled the last seat before', () => {
    const policy = policyOf([stage('both', 'operations:1 security:1')], managers);
    const two = [bob, carol].reduce((change, by) => withDecision(change, decided(by)), changeUnder(policy));
    expect(two).toMatchObject({ decisionStatus: 'pending', missing: [{ group: 'security', seats: 1 }] });
    expect(withEscalation(two, now)).toMatchObject(scheduled);
  });

  test('approvals that have lapsed, where the escalation group fills their seats', () => {
    const directory = { source: 'directory' } as const;
    const policy = policyOf([stage('both', 'operations:2')], {
      ...managers,
      groups: { operations: directory, board: { source: 'token' } },
    });
    const said = (by: PersonId) => ({
      directory: [{ issuer: by.issuer, subject: by.subject, groups: ['operations'] }],
    });
    const approved = [bob, carol].reduce(
      (change, by) => withDecision(change, decided(by, said(by))),
      changeUnder(policy),
    );
    expect(approved.decisionStatus).toBe('approved');
    // carol has left operations, and is asked as one of the board now.
    const stillBob = (one: PersonId) => (one.subject === 'bob' ? ['operations'] : []);
    const again = reevaluate(approved, stillBob);
    expect(again.missing).toMatchObject([{ group: 'operations', seats: 1 }]);
    const { issuer, subject } = carol;
    const kept = { ...again, lapsed: [], narrowed: [{ issuer, subject, directory: [] }] };
    expect(withLapsed(approved, kept, now)).toMatchObject({
      ...scheduled,
      executeBy: approved.executeBy,
    });
    expect(withLapsed(approved, again, now)).toMatchObject({
      decisionStatus: 'pending',
      executionStatus: 'not_started',
      missing: [{ group: 'operations', seats: 1 }],
    });
  });

  describe('somebody takes back what they said, and who decided in their place counts again', () => {
    const frank = person('frank');
    const delegations = [
      {
        from: frank,
        to: bob,
        since: new Date(submitted).toISOString(),
        until: new Date(submitted + hour).toISOString(),
      },
    ];
    const security: GroupSource = { source: 'members', members: [frank] };
    const under = (reject: RejectRule, seats: string) =>
      changeUnder(policyOf([stage('first', seats)], { reject, delegations, groups: { security } }));
    test('and approved: the change is approved', () => {
      const asked = under({ kind: 'count', count: 2 }, 'security:1');
      const no = withDecision(asked, decided(frank, { decision: 'reject' }));
      const both = withDecision(no, decided(bob));
      expect(both).toMatchObject({ decisionStatus: 'pending', missing: [{ seats: 1 }] });
      expect(withoutDecision(both, frank, now)).toMatchObject(scheduled);
    });
    test('and rejected: the change is rejected', () => {
      const asked = under({ kind: 'count', count: 1 }, 'security:1 *:1');
      const start = withDecision(asked, decided(frank));
      const policy = { ...start.policy, stages: [stage('first', 'security:2')] };
      const no = withDecision({ ...start, policy }, decided(bob, { decision: 'reject' }));
      expect(no.decisionStatus).toBe('pending');
      expect(withoutDecision(no, frank, now)).toMatchObject({
        decisionStatus: 'rejected',
        executionStatus: 'not_started',
      });
    });
  });
});

const groupNames = ['a', 'b', 'board'];
const names = ['alice', 'p1', 'p2', 'p3', 'p4', 'p5'];
const source = fc.oneof(
  fc.constant<GroupSource>({ source: 'token' }),
  fc.constant<GroupSource>({ source: 'directory' }),
  fc
    .subarray(names, { minLength: 1 })
    .map((some): GroupSource => ({ source: 'members', members: some.map(listed) })),
);
const rejects = fc.oneof(
  fc.constant<RejectRule>({ kind: 'any' }),
  fc.constant<RejectRule>({ kind: 'majority' }),
  fc.integer({ min: 1, max: 3 }).map((count): RejectRule => ({ kind: 'count', count })),
);
const seats = fc.record({
  group: fc.constantFrom('a', 'b', null),
  threshold: fc.integer({ min: 1, max: 2 }),
});
const policies = fc
  .record({
    stages: fc.array(fc.uniqueArray(seats, { minLength: 1, maxLength: 2, selector: ({ group }) => group }), {
      minLength: 1,
      maxLength: 2,
    }),
    reject: rejects,
    sources: fc.tuple(source, source, source),
    delegations: fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), { maxLength: 2 }),
  })
  .map(({ stages, reject, sources, delegations }): PinnedPolicy => {
    const groups = Object.fromEntries(groupNames.map((name, i) => [name, sources[i] as GroupSource]));
    return policyOf(
      stages.map((list, i) => ({ name: `s${i}`, groups: list })),
      {
        reject,
        escalation: { afterMs: hour, group: 'board' },
        groups,
        delegations: delegations.map(([from, to]) => ({
          from: listed(from),
          to: listed(to),
          since: '2026-01-01T00:00:00.000Z',
          until: '2027-01-01T00:00:00.000Z',
        })),
      },
    );
  });
const people = fc.tuple(
  ...names.map((name) => fc.subarray(groupNames).map((groups) => person(name, groups))),
);
type Step =
  | { readonly kind: 'approve' | 'reject' | 'take back'; readonly who: number }
  | { readonly kind: 'escalate' }
  | { readonly kind: 'leave'; readonly who: number; readonly group: string };
const who = fc.nat({ max: names.length - 1 });
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant<'approve'>('approve'), who }) },
    fc.record({ kind: fc.constant<'reject'>('reject'), who }),
    fc.record({ kind: fc.constant<'take back'>('take back'), who }),
    fc.record({ kind: fc.constant<'escalate'>('escalate') }),
    fc.record({ kind: fc.constant<'leave'>('leave'), who, group: fc.constantFrom(...groupNames) }),
  ),
  { maxLength: 14 },
) as fc.Arbitrary<Step[]>;

test('over random words, escalations and departures, no change waits whose seats are full, and none is decided otherwise', () => {
  fc.assert(
    fc.property(policies, people, steps, (policy, all, taken) => {
      const directory = new Map(all.map((one) => [one.subject, [...one.groups]]));
      const groupsIn = ({ subject }: PersonId) => directory.get(subject) ?? [];
      let change = changeUnder(policy);
      for (const step of taken) {
        change = afterStep(change, step, all, directory, groupsIn);
        const { decisionStatus } = change;
        expect(decisionOutcome(change)).toBe(decisionStatus);
        const rejected = naivelyRejected(change);
        expect(decisionStatus === 'rejected').toBe(rejected);
        expect(decisionStatus === 'approved').toBe(!rejected && naivelyApproved(change));
        if (decisionStatus === 'pending') expect(change.missing).not.toEqual([]);
        expect(new Set(change.decisions.map(({ person: { subject } }) => subject)).size).toBe(
          change.decisions.length,
        );
        if (decisionStatus === 'rejected') return;
      }
    }),
    { numRuns: 1500 },
  );
});

function afterStep(
  change: Change,
  step: Step,
  all: readonly ReturnType<typeof person>[],
  directory: Map<string, string[]>,
  groupsIn: (one: PersonId) => readonly string[],
): Change {
  if (step.kind === 'escalate') {
    return change.decisionStatus === 'pending' ? withEscalation(change, now) : change;
  }
  const by = all[step.who] ?? alice;
  if (step.kind === 'leave') {
    directory.set(
      by.subject,
      groupsIn(by).filter((group) => group !== step.group),
    );
    if (change.decisionStatus !== 'approved') return change;
    const again = reevaluate(change, groupsIn);
    return again.missing.length > 0 ? withLapsed(change, again, now) : change;
  }
  if (step.kind === 'take back') {
    return refusalToTakeBack(change, by, now) ? change : withoutDecision(change, by, now);
  }
  const own = [by, ...names.map(listed)].map((one) => ({
    issuer: one.issuer,
    subject: one.subject,
    groups: [...groupsIn(one)],
  }));
  const want = wanted(by, { decision: step.kind, directory: own });
  if (judgeDecision(change, want, now) !== 'new') return change;
  return withDecision(change, decisionOf(change, want, now));
}
