import { expect, test } from 'vitest';
import { nextStatesIn, phaseOf, stepFor } from '../../../tickets/servicenow/phase.ts';
import { settingsOf } from './settings-of.ts';

const { states } = settingsOf('https://x.example');
const labels: Record<string, string> = {
  New: '-5',
  Assess: '-4',
  Authorize: '-3',
  Scheduled: '-2',
  Implement: '-1',
  Review: '0',
  Closed: '3',
  Canceled: '4',
};
const value = (label: string) => labels[label] ?? label;
const open = (text: string) =>
  text
    .split(' ')
    .filter((label) => label !== '')
    .map((label) => ({ state: value(label.replace('?', '')), isOpen: !label.endsWith('?') }));

test.each([
  // wanted, from, what may come next (? not open), the step
  ['new', 'New', 'Assess Canceled', 'there'],
  ['new', 'Scheduled', 'Implement Canceled', 'there'],
  ['new', 'Implement', 'Review New', 'stuck'],
  ['in_progress', 'New', 'Assess Canceled New', 'Assess'],
  ['in_progress', 'New', 'Canceled New', 'stuck'],
  ['in_progress', 'New', 'Canceled Authorize', 'Authorize'],
  ['in_progress', 'Authorize', 'Scheduled? Canceled', 'stuck'],
  ['in_progress', 'Authorize', 'New Canceled', 'stuck'],
  ['in_progress', 'Scheduled', 'Implement Canceled', 'Implement'],
  ['in_progress', 'Scheduled', 'Closed Canceled', 'stuck'],
  ['in_progress', 'Review', 'Closed Implement', 'there'],
  ['in_progress', 'Closed', '', 'stuck'],
  ['done', 'Implement', 'Review Canceled', 'Review'],
  ['done', 'Implement', 'Closed Review', 'Review'],
  ['done', 'Review', 'Closed', 'Closed'],
  ['done', 'Review', 'Implement', 'stuck'],
  ['done', 'Closed', '', 'there'],
  ['done', 'Canceled', 'Closed', 'stuck'],
  ['cancelled', 'New', 'Assess Canceled', 'Canceled'],
  ['cancelled', 'Review', 'Closed', 'stuck'],
  ['cancelled', 'Closed', 'Canceled', 'stuck'],
  ['cancelled', 'Canceled', '', 'there'],
  ['done', 'Review', 'Elsewhere', 'stuck'],
] as const)('%s from %s with %s: %s', (phase, from, next, expected) => {
  const step = stepFor(phase, { from: value(from), next: open(next), states });
  expect(typeof step === 'string' ? step : step.to).toBe(
    Object.hasOwn(labels, expected) ? value(expected) : expected,
  );
  if (typeof step !== 'string') expect(step.closes).toBe(expected === 'Closed');
});

test('states of a model of one’s own have the order of the settings', () => {
  const own = [
    { state: '10', phase: 'new' },
    { state: '2', phase: 'in_progress' },
    { state: '7', phase: 'done' },
  ] as const;
  expect(stepFor('done', { from: '10', next: open('7 2'), states: own })).toEqual({ to: '2', closes: false });
});

test('no guess is made about a state that the settings do not name', () => {
  expect(() => phaseOf('17', states)).toThrow(expect.objectContaining({ fault: 'refused' }));
  expect(() => phaseOf('\u202ehttps://evil', states)).toThrow(/no plain name/);
});

test.each([
  ['no conditions are told', { available_states: ['0', '-1'] }, [true, true]],
  ['numbers', { available_states: [0, -1], state_transitions: [] }, [true, true]],
  [
    'one of two ways is open',
    {
      available_states: ['0', '-1'],
      state_transitions: [
        [
          { to_state: '0', transition_available: false },
          { to_state: '0', transition_available: true },
        ],
      ],
    },
    [true, true],
  ],
  [
    'the only way is shut',
    {
      available_states: ['0', '-1'],
      state_transitions: [[{ to_state: '0', transition_available: false }], [null]],
    },
    [false, true],
  ],
])('next states: %s', (_what, answer, isOpen) => {
  expect(nextStatesIn(answer)).toEqual([
    { state: '0', isOpen: isOpen[0] },
    { state: '-1', isOpen: isOpen[1] },
  ]);
});

test('an answer without next states is none', () => {
  for (const answer of [undefined, {}, { available_states: null }]) {
    expect(() => nextStatesIn(answer)).toThrow(expect.objectContaining({ fault: 'unreachable' }));
  }
});
