import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decision } from '../../domain/change.ts';
import {
  changedDecisions,
  mergedDecisions,
  superseded,
  withOneMore,
  withOneTakenBack,
} from '../../domain/decisions.ts';
import { decided, person, submitted } from './decidable-fixture.ts';

const bob = person('bob', ['operations']);
const carol = person('carol', ['operations']);
const at = (n: number) => new Date(submitted + n).toISOString();

describe('the decisions of a change', () => {
  test('have one place for everybody, and count how often it was given up', () => {
    const first = withOneMore([], decided(bob, { comment: 'yes', directory: [] }));
    const two = withOneMore(first, decided(carol));
    const taken = withOneTakenBack(two, bob, 1);
    expect(taken).toEqual([{ ...decided(bob), counts: false, takenBack: 1 }, decided(carol)]);
    expect(withOneTakenBack(taken, bob, 1)).toEqual(taken);
    expect(withOneTakenBack(two, bob, 2)).toEqual(two);
    const again = withOneMore(taken, decided(bob, { decision: 'reject', at: at(5000) }));
    expect(again).toEqual([decided(carol), decided(bob, { decision: 'reject', at: at(5000), takenBack: 1 })]);
    expect(withOneTakenBack(again, bob, 1).at(-1)).toMatchObject({ counts: false, takenBack: 2 });
  });
  test('keep who no longer counts without what they said', () => {
    const decision = decided(bob, { comment: 'a long one', directory: [] });
    expect(superseded(decision)).toEqual({ ...decided(bob), counts: false });
    expect(superseded(superseded(decision))).toEqual(superseded(decision));
  });
});

const names = ['p1', 'p2', 'p3', 'p4', 'p5'].map((name) => person(name));
const steps = fc.array(
  fc.record({
    who: fc.nat({ max: names.length - 1 }),
    kind: fc.constantFrom('say', 'take back', 'supersede all'),
  }),
  { maxLength: 20 },
);
type Step = typeof steps extends fc.Arbitrary<(infer T)[]> ? T : never;

function after(decisions: readonly Decision[], { who, kind }: Step, n: number): readonly Decision[] {
  const by = names[who] ?? bob;
  if (kind === 'take back') return withOneTakenBack(decisions, by, 1);
  if (kind === 'supersede all') return decisions.map(superseded);
  const own = decisions.find((d) => d.person === by);
  return own?.counts ? decisions : withOneMore(decisions, decided(by, { at: at(n), comment: `word ${n}` }));
}

describe('what is told of the decisions that have changed', () => {
  test('brings whoever knows those of before to the same ones, in the same order, and is no more than has changed', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (taken, every) => {
        let recorded: readonly Decision[] = [];
        let stored: readonly Decision[] = [];
        let now: readonly Decision[] = [];
        const touched = new Set<number>();
        taken.forEach((step, n) => {
          const before = now;
          now = after(now, step, n);
          now.forEach((d) => {
            if (!before.includes(d)) touched.add(names.indexOf(d.person));
          });
          if (n % every !== 0) return;
          const told = changedDecisions(recorded, now);
          if (recorded.length > 0) expect(told.decisions.length).toBeLessThanOrEqual(touched.size);
          stored = mergedDecisions(stored, told);
          recorded = now;
          touched.clear();
          expect(stored).toEqual(now);
          // Told twice, or with what was told before, it is the same.
          expect(mergedDecisions(stored, told)).toEqual(now);
        });
      }),
      { numRuns: 1000 },
    );
  });
  test('is everything when nothing is known for certain, or when somebody’s is gone', () => {
    const two = [decided(bob), decided(carol)];
    expect(changedDecisions(null, two)).toEqual({ decisions: two, complete: true });
    expect(changedDecisions(two, two.slice(1))).toEqual({ decisions: two.slice(1), complete: true });
    expect(changedDecisions(two, two)).toEqual({ decisions: [], complete: false });
    expect(mergedDecisions(two, { decisions: two.slice(1), complete: true })).toEqual(two.slice(1));
  });
});
