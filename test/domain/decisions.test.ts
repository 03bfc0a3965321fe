import { describe, expect, test } from 'vitest';
import { superseded, withOneMore, withOneTakenBack } from '../../domain/decisions.ts';
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
