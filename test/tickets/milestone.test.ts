import { describe, expect, test } from 'vitest';
import { isStillTrue, milestonesIn } from '../../tickets/milestone.ts';
import { Deliveries, ToldChange } from './told-change.ts';
import type { Step } from './told-change.ts';

const kindsOf = (steps: readonly Step[], more = {}) => {
  const change = new ToldChange(more);
  const entries = change.tell(...steps);
  return milestonesIn(new Deliveries(change).of(entries)).map(({ kind, place }) => `${place} ${kind}`);
};

describe('which entries people are told of', () => {
  test.each<[string, Step[], object, string[]]>([
    ['a request alone', ['requested'], {}, []],
    [
      'a whole life',
      ['requested', 'prechecked', 'approved', 'scheduled', 'closed'],
      {},
      ['1 awaiting_decision', '3 decided', '4 closed'],
    ],
    [
      'a rejection, which ends it at once',
      ['requested', 'prechecked', 'rejected', 'closed as rejected'],
      {},
      ['1 awaiting_decision', '3 closed'],
    ],
    [
      'reminders',
      ['requested', 'prechecked', 'reminded', 'reminded'],
      {},
      ['1 awaiting_decision', '2 reminder', '3 reminder'],
    ],
    [
      'an approval that has lapsed',
      ['requested', 'prechecked', 'approved', 'scheduled', 'lapsed'],
      {},
      ['1 awaiting_decision', '3 decided', '4 awaiting_decision'],
    ],
    ['an escalation', ['requested', 'prechecked', 'escalated'], {}, ['1 awaiting_decision', '2 escalated']],
    [
      'another round',
      ['requested', 'prechecked', 'approved', 'scheduled', 'drifted', 'prechecked again'],
      {},
      ['1 awaiting_decision', '3 decided', '5 awaiting_decision'],
    ],
    [
      'break-glass',
      ['requested', 'prechecked', 'scheduled'],
      { breakGlass: true },
      ['1 awaiting_decision', '2 break_glass'],
    ],
  ])('%s', (_name, steps, more, expected) => {
    expect(kindsOf(steps, more)).toEqual(expected);
  });

  test('what was delivered before has no place among the entries, and is found for its thread', () => {
    const change = new ToldChange();
    change.tell('requested', 'prechecked');
    const entries = change.tell('approved', 'scheduled');
    const found = milestonesIn(new Deliveries(change).of(entries));
    expect(found.map(({ kind, place }) => [kind, place])).toEqual([
      ['awaiting_decision', null],
      ['decided', 1],
    ]);
  });
});

describe('what is still worth a message', () => {
  test.each<[string, Step[], string[]]>([
    ['nobody is asked once it is decided', ['requested', 'prechecked', 'approved', 'scheduled'], ['decided']],
    [
      'nor for a round that is over',
      ['requested', 'prechecked', 'approved', 'scheduled', 'drifted', 'prechecked again'],
      ['decided', 'awaiting_decision'],
    ],
    ['nor while the target is read again', ['requested', 'prechecked', 'drifted'], []],
    [
      'who is still missing is asked',
      ['requested', 'prechecked', 'escalated'],
      ['awaiting_decision', 'escalated'],
    ],
    [
      'of several reminders the last one',
      ['requested', 'prechecked', 'reminded', 'escalated', 'reminded'],
      ['awaiting_decision', 'escalated', 'reminder'],
    ],
    [
      'nobody is reminded once it is decided',
      ['requested', 'prechecked', 'reminded', 'approved', 'scheduled'],
      ['decided'],
    ],
  ])('%s', (_name, steps, expected) => {
    const change = new ToldChange();
    const found = milestonesIn(new Deliveries(change).of(change.tell(...steps)));
    const worth = found.filter((one, i) => isStillTrue(one, change.now(), found.slice(i + 1)));
    expect(worth.map(({ kind }) => kind)).toEqual(expected);
  });
});
