import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decision } from '../../domain/change.ts';
import {
  decisionOf,
  decisionOutcome,
  judgeDecision,
  refusalToTakeBack,
  missingSeats,
} from '../../domain/decision.ts';
import type { DecisionFacts } from '../../domain/decision.ts';
import type { Person } from '../../domain/person.ts';
import type { GroupSource, PinnedPolicy } from '../../domain/policy.ts';
import { satisfiability } from '../../domain/satisfiability.ts';
import { allocateSeats } from '../../domain/seats.ts';
import { alice, decidable, decided, person, policyOf, submitted, wanted } from './decidable-fixture.ts';
import { countedBy, naivelyApproved } from './naive-model.ts';

const groupNames = ['a', 'b', 'c'];
const names = ['alice', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6'];
const id = (subject: string) => ({ issuer: 'https://id', subject });
const now = submitted + 1000;

const seats = fc.record({
  group: fc.constantFrom(...groupNames, null),
  threshold: fc.integer({ min: 1, max: 2 }),
});
const stages = fc.array(
  fc.uniqueArray(seats, { minLength: 1, maxLength: 3, selector: ({ group }) => group }),
  { minLength: 1, maxLength: 3 },
);
const delegations = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), {
  maxLength: 3,
});
const source = fc.oneof(
  fc.constant<GroupSource>({ source: 'token' }),
  fc
    .subarray(names, { minLength: 1 })
    .map((some): GroupSource => ({ source: 'members', members: some.map(id) })),
);
const policies = fc
  .record({ stages, delegations, sources: fc.tuple(source, source, source) })
  .map((made): PinnedPolicy => {
    const groups = Object.fromEntries(
      groupNames.map((name, i) => [name, made.sources[i] ?? { source: 'token' }]),
    );
    return {
      ...policyOf(made.stages.map((list, i) => ({ name: `s${i}`, groups: list }))),
      groups: groups as PinnedPolicy['groups'],
      delegations: made.delegations.map(([from, to]) => ({
        from: id(from),
        to: id(to),
        since: '2026-01-01T00:00:00.000Z',
        until: '2027-01-01T00:00:00.000Z',
      })),
    };
  });
const people = fc.tuple(
  ...names.map((name) => fc.subarray(groupNames).map((groups) => person(name, groups))),
);
const approvals = fc.subarray(names);

/** What a change comes to when people try to decide in an order; who may not is turned away, as the API does. */
function tried(
  policy: PinnedPolicy,
  by: readonly Person[],
  decision: 'approve' | 'reject' = 'approve',
): DecisionFacts {
  let change = decidable(policy, { requester: alice });
  for (const one of by) {
    const want = wanted(one, { decision });
    if (judgeDecision(change, want, now) !== 'new') continue;
    const decisions = [...change.decisions, decisionOf(change, want, now)];
    change = { ...change, decisions, decisionStatus: decisionOutcome({ ...change, decisions }) };
  }
  return change;
}
/** Everybody tries again and again until nobody gets any further. */
function triedByAll(policy: PinnedPolicy, by: readonly Person[]): DecisionFacts {
  return tried(policy, [...by, ...by, ...by, ...by]);
}

const runs = { numRuns: 600 };

describe('over random policies, groups, delegations and decisions', () => {
  test('a set of decisions approves just when distinct eligible people can fill every seat', () => {
    fc.assert(
      fc.property(policies, people, approvals, (policy, all, who) => {
        const decisions = all.filter(({ subject }) => who.includes(subject)).map((p) => decided(p));
        const change = decidable(policy, { decisions });
        expect(decisionOutcome(change) === 'approved').toBe(naivelyApproved(change));
        expect(missingSeats(change).length === 0).toBe(naivelyApproved(change));
      }),
      runs,
    );
  });

  test('nothing is approved without distinct eligible people for every seat, however it came about', () => {
    fc.assert(
      fc.property(
        policies,
        people,
        fc.array(fc.nat({ max: names.length - 1 }), { maxLength: 12 }),
        (policy, all, order) => {
          const change = tried(
            policy,
            order.map((i) => all[i] ?? alice),
          );
          if (change.decisionStatus === 'approved') expect(naivelyApproved(change)).toBe(true);
          expect(countedBy(change)).toHaveLength(change.decisions.length);
        },
      ),
      runs,
    );
  });

  test('no change that everybody together could approve is stuck, in whatever order they come', () => {
    const shuffled = people.chain((all) =>
      fc.shuffledSubarray(all, { minLength: all.length }).map((order) => ({ all, order })),
    );
    fc.assert(
      fc.property(policies, shuffled, (policy, { all, order }) => {
        const everybody = decidable(policy, { decisions: all.map((p) => decided(p)) });
        // In somebody's place one decides only while they do not: then a few may do what all together cannot, never less.
        if (naivelyApproved(everybody)) expect(triedByAll(policy, order).decisionStatus).toBe('approved');
      }),
      runs,
    );
  });

  test('the order of equal decisions is immaterial', () => {
    fc.assert(
      fc.property(
        policies,
        people,
        approvals,
        fc.constantFrom<'approve' | 'reject'>('approve', 'reject'),
        fc.nat(),
        (policy, all, who, decision, turn) => {
          const given = all
            .filter(({ subject }) => who.includes(subject))
            .map((p): Decision => decided(p, { decision }));
          const turned = [
            ...given.slice(turn % (given.length + 1)),
            ...given.slice(0, turn % (given.length + 1)),
          ].reverse();
          const seen = (decisions: Decision[]) => {
            const change = decidable({ ...policy, reject: { kind: 'count', count: 2 } }, { decisions });
            const missing = missingSeats(change);
            return [decisionOutcome(change), missing[0]?.stage, missing.reduce((sum, m) => sum + m.seats, 0)];
          };
          expect(seen(turned)).toEqual(seen(given));
        },
      ),
      runs,
    );
  });

  test('one more approval never takes a seat away, unless it is of somebody who was represented', () => {
    fc.assert(
      fc.property(policies, people, approvals, fc.nat({ max: names.length - 1 }), (policy, all, who, one) => {
        const plain = { ...policy, delegations: [] };
        const before = all.filter(({ subject }) => who.includes(subject)).map((p) => decided(p));
        const more = [...before, decided(all[one] ?? alice)];
        const free = (decisions: Decision[]) =>
          missingSeats(decidable(plain, { decisions })).reduce((sum, { seats: n }) => sum + n, 0);
        expect(free(more)).toBeLessThanOrEqual(free(before));
      }),
      runs,
    );
  });

  test('a decision taken back leaves the change as if it had never been', () => {
    fc.assert(
      fc.property(policies, people, (policy, all) => {
        const change = tried(policy, all.slice(1, 4));
        const last = change.decisions.at(-1);
        if (!last || change.decisionStatus !== 'pending') return;
        if (refusalToTakeBack(change, last.person, now)) return;
        const without = { ...change, decisions: change.decisions.slice(0, -1) };
        const taken = { ...change, decisions: [...without.decisions, { ...last, counts: false }] };
        expect(missingSeats(taken)).toEqual(missingSeats(without));
      }),
      runs,
    );
  });

  test('what is called unsatisfiable nobody can approve; what is called satisfiable, the listed can', () => {
    fc.assert(
      fc.property(policies, people, (policy, all) => {
        const { verdict, missing } = satisfiability(decidable(policy), () => [], new Date(now).toISOString());
        expect(missing.length > 0).toBe(verdict === 'unsatisfiable');
        const approved = triedByAll(policy, all).decisionStatus === 'approved';
        if (verdict === 'unsatisfiable') expect(approved).toBe(false);
        if (verdict === 'satisfiable' && policy.delegations.length === 0) expect(approved).toBe(true);
      }),
      runs,
    );
  });
});

describe('the cost of seating 1,000 people in 50 groups', () => {
  const many = Array.from({ length: 50 }, (_, g) => `g${g}`);
  const stage = (threshold: number) => [
    many.map((group) => ({ stage: 's', group, accepts: [group], threshold })),
  ];
  const crowd = fc.array(fc.uniqueArray(fc.constantFrom(...many), { maxLength: 50 }), {
    minLength: 1000,
    maxLength: 1000,
  });
  const seated = (stages: ReturnType<typeof stage>, groups: readonly (readonly string[])[]) => {
    const began = performance.now();
    allocateSeats(
      stages,
      groups.map((of, i) => ({ rights: [{ of: `${i}`, groups: of }] })),
    );
    return performance.now() - began;
  };
  test('is bounded for random crowds', () => {
    fc.assert(
      fc.property(crowd, fc.integer({ min: 1, max: 20 }), (groups, threshold) => {
        expect(seated(stage(threshold), groups)).toBeLessThan(1000);
      }),
      { numRuns: 10 },
    );
  });
  test.each<[string, (i: number) => string[]]>([
    ['everybody in every group', () => many],
    ['chains, each in two neighbours', (i) => [many[i % 50] ?? '', many[(i + 1) % 50] ?? '']],
    ['all after the first group', (i) => many.slice(0, 1 + (i % 50))],
    ['everybody in one group only', () => [many[0] ?? '']],
    ['nobody in any', () => []],
  ])('is bounded with %s', (_name, groups) => {
    const all = Array.from({ length: 1000 }, (_, i) => groups(i));
    for (const threshold of [1, 20, 1000]) expect(seated(stage(threshold), all)).toBeLessThan(1000);
  });
});
