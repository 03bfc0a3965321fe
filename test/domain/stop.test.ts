import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../domain/change.ts';
import { isRefused } from '../../domain/error.ts';
import type { Judged } from '../../domain/error.ts';
import type { Person, Role } from '../../domain/person.ts';
import type { DecisionStatus, ExecutionStatus } from '../../domain/status.ts';
import {
  judgeStandingAfter,
  hasStopped,
  judgeWord,
  mayBeCancelled,
  standingAfter,
  standingOf,
  wordOf,
  words,
} from '../../domain/stop.ts';
import { standings } from '../../domain/status.ts';
import type { Word } from '../../domain/stop.ts';
import type { Standing } from '../../domain/status.ts';

const person = (subject: string, ...roles: Role[]): Person => ({
  issuer: 'https://id',
  subject,
  name: subject,
  roles,
  groups: [],
  authentication: { methods: [], at: null },
});
const alice = person('alice', 'requester');
const olga = person('olga', 'operator');
const bob = person('bob', 'approver');
const adam = person('adam', 'admin');
const change = (
  decisionStatus: DecisionStatus,
  executionStatus: ExecutionStatus,
  more: Partial<Change> = {},
) =>
  ({
    requester: alice,
    breakGlass: false,
    closedAt: null,
    decisionStatus,
    executionStatus,
    ...more,
  }) as Change;
const codeOf = (judged: Judged<Standing>): string => (isRefused(judged) ? judged.code : 'allowed');

describe('the one order of words', () => {
  const table: Record<'going' | 'paused', Record<Word, string>> = {
    going: {
      withdraw: 'withdrawn',
      take_over: 'taken_over',
      pause: 'paused',
      resume: '!not_paused',
      retry: 'going',
      abandon: 'abandoned',
      revoke: 'revoked',
    },
    paused: {
      withdraw: 'withdrawn',
      take_over: 'taken_over',
      pause: '!not_running',
      resume: 'going',
      retry: '!not_running',
      abandon: 'abandoned',
      revoke: 'revoked',
    },
  };
  const shown = (standing: Standing, word: Word): string => {
    const after = standingAfter(standing, word);
    return 'standing' in after ? after.standing : `!${after.refusal}`;
  };
  test.each(
    Object.entries(table).flatMap(([s, row]) => Object.entries(row).map(([w, after]) => [s, w, after])),
  )('%s, then %s: %s', (standing, word, after) => {
    expect(shown(standing as Standing, word as Word)).toBe(after);
  });
  test.each(standings.filter(hasStopped))('%s stays, whatever comes after it', (standing) => {
    for (const word of words) expect(shown(standing, word)).toBe('!already_stopped');
  });
  test('of many words the first final one stands', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words)), (said) => {
        const first = said.find((word) => ['withdraw', 'take_over', 'abandon', 'revoke'].includes(word));
        const after = standingOf(said);
        expect(hasStopped(after)).toBe(first !== undefined);
        if (first !== undefined) expect(standingAfter('going', first)).toEqual({ standing: after });
        else
          expect(after).toBe(
            said.findLast((w) => w === 'pause' || w === 'resume') === 'pause' ? 'paused' : 'going',
          );
      }),
    );
  });
});

describe('who may withdraw a change, and until when', () => {
  test.each<[string, Person, DecisionStatus, ExecutionStatus, boolean]>([
    ['allowed', alice, 'pending', 'not_started', false],
    ['allowed', olga, 'pending', 'not_started', false],
    ['allowed', alice, 'approved', 'scheduled', false],
    ['allowed', alice, 'approved', 'paused', false],
    // Its target is read: nothing has begun.
    ['allowed', alice, 'approved', 'running', false],
    ['missing_role', bob, 'pending', 'not_started', false],
    ['call_started', alice, 'approved', 'running', true],
    ['call_started', alice, 'approved', 'paused', true],
    ['change_closed', alice, 'approved', 'succeeded', true],
    ['change_closed', alice, 'withdrawn', 'not_started', false],
  ])('%s: %o %s %s', (expected, by, decided, executed, called) => {
    const facts = { change: change(decided, executed), standing: 'going', called } as const;
    expect(codeOf(judgeWord(facts, 'withdraw', by))).toBe(expected);
  });
});

describe('what an operator may do to an execution', () => {
  test.each<[string, Word, Person, DecisionStatus, ExecutionStatus, Standing]>([
    ['allowed', 'pause', olga, 'approved', 'running', 'going'],
    ['allowed', 'pause', olga, 'approved', 'scheduled', 'going'],
    ['not_running', 'pause', olga, 'approved', 'paused', 'paused'],
    ['allowed', 'resume', olga, 'approved', 'paused', 'paused'],
    ['not_paused', 'resume', olga, 'approved', 'running', 'going'],
    ['allowed', 'retry', olga, 'approved', 'running', 'going'],
    ['not_running', 'retry', olga, 'approved', 'scheduled', 'going'],
    ['not_running', 'retry', olga, 'approved', 'running', 'paused'],
    ['allowed', 'abandon', olga, 'approved', 'paused', 'paused'],
    ['not_approved', 'abandon', olga, 'pending', 'not_started', 'going'],
    ['change_closed', 'abandon', olga, 'approved', 'failed', 'going'],
    ['already_stopped', 'retry', olga, 'approved', 'running', 'abandoned'],
    ['already_stopped', 'pause', olga, 'approved', 'running', 'revoked'],
    ['missing_role', 'pause', alice, 'approved', 'running', 'going'],
    ['missing_role', 'abandon', bob, 'approved', 'running', 'going'],
    ['missing_role', 'revoke', olga, 'approved', 'running', 'going'],
    ['allowed', 'revoke', adam, 'approved', 'running', 'going'],
  ])('%s: %s by %o when %s %s, %s', (expected, word, by, decided, executed, standing) => {
    const facts = { change: change(decided, executed), standing, called: false };
    expect(codeOf(judgeWord(facts, word, by))).toBe(expected);
  });

  test('after a call, what waits for approval again may be abandoned, by an operator, and nothing else', () => {
    const drifted = { change: change('pending', 'not_started'), standing: 'going', called: true } as const;
    expect(codeOf(judgeWord(drifted, 'abandon', olga))).toBe('allowed');
    expect(codeOf(judgeWord(drifted, 'abandon', alice))).toBe('missing_role');
    expect(codeOf(judgeWord(drifted, 'pause', olga))).toBe('not_approved');
    const expired = { ...drifted, change: change('expired', 'not_started') };
    expect(codeOf(judgeWord(expired, 'abandon', olga))).toBe('change_closed');
  });

  test('another break-glass change keeps its target', () => {
    const facts = { standing: 'going', called: false } as const;
    const ordinary = change('pending', 'not_started');
    expect(codeOf(judgeWord({ ...facts, change: ordinary }, 'take_over', bob))).toBe('allowed');
    const broken = { ...facts, change: change('pending', 'not_started', { breakGlass: true }) };
    expect(codeOf(judgeWord(broken, 'take_over', bob))).toBe('open_change_exists');
    expect(codeOf(judgeWord({ ...facts, change: ordinary, called: true }, 'take_over', bob))).toBe(
      'call_started',
    );
  });
});

test('a word that was accepted is refused only for what is final', () => {
  const at = '2026-11-24T09:00:00.000Z';
  expect(judgeStandingAfter(change('pending', 'not_started'), 'going', 'pause')).toBe('paused');
  expect(codeOf(judgeStandingAfter(change('withdrawn', 'running'), 'withdrawn', 'abandon'))).toBe(
    'already_stopped',
  );
  expect(codeOf(judgeStandingAfter(change('rejected', 'not_started'), 'going', 'withdraw'))).toBe(
    'change_closed',
  );
  expect(
    codeOf(judgeStandingAfter(change('withdrawn', 'cancelled', { closedAt: at }), 'withdrawn', 'abandon')),
  ).toBe('change_closed');
});

test('a statement says one word, or none', () => {
  expect(wordOf({ kind: 'execution', action: 'abandon' })).toBe('abandon');
  expect(wordOf({ kind: 'withdrawal', action: 'withdraw' })).toBe('withdraw');
  expect(wordOf({ kind: 'decision_withdrawal', action: 'withdraw' })).toBeNull();
  // As an entry may tell that somebody has edited.
  expect(wordOf({ kind: 'execution', action: 'withdraw' } as never)).toBeNull();
  expect(wordOf({ kind: 'toString', action: 'pause' } as never)).toBeNull();
  expect(wordOf({ kind: 'decision', action: 'approve' })).toBeNull();
});

test.each<[boolean, DecisionStatus, ExecutionStatus]>([
  [true, 'pending', 'not_started'],
  [true, 'approved', 'scheduled'],
  [true, 'approved', 'paused'],
  [true, 'approved', 'running'],
  [false, 'approved', 'succeeded'],
  [false, 'rejected', 'not_started'],
  [false, 'withdrawn', 'scheduled'],
  [false, 'refused', 'not_started'],
])('a cancelled workflow stops: %s, what is %s and %s', (stops, decisionStatus, executionStatus) => {
  const facts = { decisionStatus, executionStatus, closedAt: null };
  expect(mayBeCancelled(facts, 'going')).toBe(stops);
  expect(mayBeCancelled(facts, 'paused')).toBe(stops);
  for (const standing of standings.filter(hasStopped)) expect(mayBeCancelled(facts, standing)).toBe(false);
  expect(mayBeCancelled({ ...facts, closedAt: '2026-11-24T09:00:00.000Z' }, 'going')).toBe(false);
});
