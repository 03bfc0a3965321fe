import { describe, expect, test } from 'vitest';
import type { Change } from '../../domain/change.ts';
import { CountersignError } from '../../domain/error.ts';
import { judgeCancellation, judgeExecution, judgeWithdrawal } from '../../domain/execution.ts';
import type { ExecutionAction } from '../../domain/execution.ts';
import type { Person, Role } from '../../domain/person.ts';
import type { DecisionStatus, ExecutionStatus } from '../../domain/status.ts';

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
const change = (decisionStatus: DecisionStatus, executionStatus: ExecutionStatus) =>
  ({ requester: alice, decisionStatus, executionStatus }) as Change;
const codeOf = (work: () => void): string => {
  try {
    work();
    return 'allowed';
  } catch (error) {
    return error instanceof CountersignError ? error.code : 'not ours';
  }
};

test.each<['withdraw' | 'abandon' | null, DecisionStatus, ExecutionStatus, boolean]>([
  ['withdraw', 'pending', 'not_started', false],
  ['withdraw', 'approved', 'scheduled', false],
  ['withdraw', 'approved', 'paused', false],
  ['abandon', 'approved', 'running', false],
  ['abandon', 'approved', 'running', true],
  ['abandon', 'approved', 'paused', true],
  ['abandon', 'approved', 'scheduled', true],
  ['abandon', 'pending', 'not_started', true],
  [null, 'approved', 'succeeded', true],
  [null, 'rejected', 'not_started', false],
  [null, 'withdrawn', 'scheduled', false],
  [null, 'refused', 'not_started', false],
])('a cancelled workflow means %s for what is %s and %s, called: %s', (word, decision, execution, called) => {
  expect(judgeCancellation({ ...change(decision, execution), closedAt: null }, called)).toBe(word);
});

describe('who may withdraw a change, and until when', () => {
  test.each<[string, Person, DecisionStatus, ExecutionStatus, boolean]>([
    ['allowed', alice, 'pending', 'not_started', false],
    ['allowed', olga, 'pending', 'not_started', false],
    ['allowed', alice, 'approved', 'scheduled', false],
    ['allowed', alice, 'approved', 'paused', false],
    ['missing_role', bob, 'pending', 'not_started', false],
    ['call_started', alice, 'approved', 'running', false],
    ['call_started', alice, 'approved', 'paused', true],
    ['change_closed', alice, 'approved', 'succeeded', true],
    ['change_closed', alice, 'withdrawn', 'not_started', false],
  ])('%s: %o %s %s', (expected, by, decided, executed, started) => {
    expect(codeOf(() => judgeWithdrawal(change(decided, executed), by, started))).toBe(expected);
  });
});

describe('what an operator may do to an execution', () => {
  test.each<[string, ExecutionAction, Person, DecisionStatus, ExecutionStatus]>([
    ['allowed', 'pause', olga, 'approved', 'running'],
    ['allowed', 'pause', olga, 'approved', 'scheduled'],
    ['not_running', 'pause', olga, 'approved', 'paused'],
    ['allowed', 'resume', olga, 'approved', 'paused'],
    ['not_paused', 'resume', olga, 'approved', 'running'],
    ['allowed', 'retry', olga, 'approved', 'running'],
    ['not_running', 'retry', olga, 'approved', 'scheduled'],
    ['allowed', 'abandon', olga, 'approved', 'paused'],
    ['not_approved', 'abandon', olga, 'pending', 'not_started'],
    ['change_closed', 'abandon', olga, 'approved', 'failed'],
    ['missing_role', 'pause', alice, 'approved', 'running'],
    ['missing_role', 'abandon', bob, 'approved', 'running'],
  ])('%s: %s by %o when %s %s', (expected, action, by, decided, executed) => {
    expect(codeOf(() => judgeExecution(change(decided, executed), action, by, false))).toBe(expected);
  });

  test('after a call, what waits for approval again may be abandoned, by an operator, and nothing else', () => {
    const drifted = change('pending', 'not_started');
    expect(codeOf(() => judgeExecution(drifted, 'abandon', olga, true))).toBe('allowed');
    expect(codeOf(() => judgeExecution(drifted, 'abandon', alice, true))).toBe('missing_role');
    expect(codeOf(() => judgeExecution(drifted, 'pause', olga, true))).toBe('not_approved');
    expect(codeOf(() => judgeExecution(change('expired', 'not_started'), 'abandon', olga, true))).toBe(
      'change_closed',
    );
  });
});
