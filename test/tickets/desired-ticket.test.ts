import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EntryBody } from '../../domain/entry.ts';
import { commentsOf, desireOf, newTicketOf, stateOf } from '../../tickets/desired-ticket.ts';
import { followOf } from '../../tickets/follow-phase.ts';
import { changeOf as changeMadeBy, changeStory, person } from '../audit/change-story.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'tickets.md'), 'utf8');
const [, table = ''] = page.split('## What a ticket follows');

const changeOf = (...bodies: EntryBody[]) => changeMadeBy(bodies);

test('the page says which state of a change is which of its ticket', () => {
  const rows = [...(table.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)` +\|[^|]*\| ([^|]*?) +\|$/gm)].map(
    ([, state, to]) => [state, to],
  );
  const told = Object.entries(desireOf).map(([state, { phase, orEnded }]) => [
    state,
    `${phase?.replace('_', ' ') ?? 'as it is'}${orEnded ? ', or ended by a person' : ''}`,
  ]);
  expect(rows).toEqual(told);
});

test('the state of a change, step by step', () => {
  const s = changeStory();
  const way = [
    s.requested(),
    s.prechecked(),
    s.approved(),
    s.scheduled(),
    s.started(),
    s.ended('succeeded'),
    s.closed(),
  ];
  const states = way.map((_, i) => stateOf(changeOf(...way.slice(0, i + 1))));
  expect(states).toEqual(['reading', 'deciding', 'deciding', 'scheduled', 'running', 'running', 'succeeded']);
  const drifted = s.entry('change.drifted', { message: 'other', called: false });
  expect(stateOf(changeOf(...way.slice(0, 4), drifted))).toBe('reading');
  expect(stateOf(changeOf(...way.slice(0, 4), s.operator('pause')))).toBe('paused');
  expect(stateOf(changeOf(...way.slice(0, 2), s.rejected()))).toBe('ending');
});

test('a break-glass change is over for its ticket when its review is signed', () => {
  const s = changeStory({ breakGlass: true });
  const scheduled = { ...s.scheduled(), breakGlass: true };
  const way = [s.requested(), s.prechecked(), scheduled, s.started(), s.ended('succeeded'), s.closed()];
  expect(stateOf(changeOf(...way))).toBe('review_owed');
  expect(stateOf(changeOf(...way, s.reviewed()))).toBe('succeeded');
});

const set = { set: null, moves: 0, found: null, way: null, left: false } as const;
const forward = { from: 'new', to: 'done' } as const;
const back = { from: 'done', to: 'in_progress' } as const;
const wanted = (phase: 'new' | 'in_progress' | 'done' | 'cancelled' | null, orEnded = false) => ({
  phase,
  orEnded,
});
test.each<[string, ReturnType<typeof followOf>, ReturnType<typeof followOf>]>([
  ['no wish', followOf(wanted(null), 'done', set), { do: 'nothing' }],
  ['left to people', followOf(wanted('done'), 'new', { ...set, left: true }), { do: 'nothing' }],
  ['there', followOf(wanted('done'), 'done', { ...set, set: 'new' }), { do: 'accept' }],
  [
    'forward',
    followOf(wanted('in_progress'), 'new', { ...set, set: 'new' }),
    { do: 'move', to: 'in_progress', moves: 0 },
  ],
  [
    'never back by itself',
    followOf(wanted('new'), 'in_progress', { ...set, set: 'in_progress' }),
    { do: 'accept' },
  ],
  [
    'moved by hand, once',
    followOf(wanted('in_progress'), 'new', { ...set, set: 'in_progress' }),
    { do: 'move', to: 'in_progress', moves: 1 },
  ],
  [
    'the same move, seen again',
    followOf(wanted('in_progress'), 'new', { ...set, set: 'in_progress', moves: 1, found: 'new' }),
    { do: 'move', to: 'in_progress', moves: 1 },
  ],
  [
    'moved by hand, twice',
    followOf(wanted('in_progress'), 'new', { ...set, set: 'in_progress', moves: 1 }),
    { do: 'leave', to: 'in_progress', moves: 2 },
  ],
  [
    'on a way of ours that was cut off',
    followOf(wanted('done'), 'in_progress', { ...set, set: 'new', moves: 1, way: forward }),
    { do: 'move', to: 'done', moves: 1 },
  ],
  [
    'opened anew on a way of ours that was cut off',
    followOf(wanted('in_progress'), 'new', {
      ...set,
      set: 'in_progress',
      moves: 1,
      found: 'done',
      way: back,
    }),
    { do: 'move', to: 'in_progress', moves: 1 },
  ],
  [
    'moved by hand beside a way of ours that was cut off',
    followOf(wanted('in_progress'), 'cancelled', {
      ...{ ...set, set: 'new', way: { from: 'new', to: 'in_progress' } },
    }),
    { do: 'move', to: 'in_progress', moves: 1 },
  ],
  [
    'closed by hand',
    followOf(wanted('new'), 'done', { ...set, set: 'new' }),
    { do: 'move', to: 'new', moves: 1 },
  ],
  [
    'closed by hand, as it may be',
    followOf(wanted('in_progress', true), 'cancelled', { ...set, set: 'in_progress' }),
    { do: 'accept' },
  ],
])('%s', (_name, follow, expected) => {
  expect(follow).toEqual(expected);
});

test('a new ticket quotes the justification line by line, and obeys nothing in it', () => {
  const s = changeStory({ justification: 'first\nChange: forged\u001b[2J' });
  const ticket = newTicketOf(changeOf(s.requested()), 'https://countersign.example/changes/1');
  expect(ticket.mark).toBe(`countersign-${s.changeId}`);
  expect(ticket.description).toContain('> first\n> Change: forged\\u{1b}[2J');
  expect(ticket.description).toContain(`\nChange: ${s.changeId}\nhttps://countersign.example/changes/1\n`);
  expect(ticket.summary).not.toContain('\n');
});

test('each comment has a mark of its own, and says who', () => {
  const s = changeStory();
  const evil = { ...person('bob', 'approver'), name: 'bob\nOutcome: succeeded' };
  const bodies = [s.requested(), s.prechecked(), s.approved(evil), s.lapsed('bob'), s.rejected()];
  const history = bodies.map((body, index) => ({ index, key: String(index), body }));
  const comments = commentsOf(changeOf(...bodies), history, history, null);
  expect(comments.map(({ mark }) => mark)).toEqual([2, 3, 4].map((i) => `countersign-${s.changeId}-${i}`));
  expect(comments[0]?.text).toBe(
    `Approved by bob\\u{a}Outcome: succeeded, round 1.\n> seen\nChange: ${s.changeId}`,
  );
  expect(comments[1]?.text).toContain('No longer counts: the approval of bob.');
  expect(comments[2]?.text).toContain('Rejected by bob');
  // Only what is new is said.
  expect(commentsOf(changeOf(...bodies), history.slice(4), history, null)).toHaveLength(1);
});
