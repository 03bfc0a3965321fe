import { expect, test } from 'vitest';
import { actions, judgeSaid, permissionsOf } from '../../domain/actions.ts';
import type { Action, ActionFacts, Permission } from '../../domain/actions.ts';
import { CountersignError, isRefused } from '../../domain/error.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Freeze } from '../../domain/freeze.ts';
import type { Person, Role } from '../../domain/person.ts';
import { change, person } from '../store/change-fixture.ts';

const now = Date.parse('2026-11-24T12:00:00.000Z');
const by = (subject: string, ...roles: Role[]): Person => ({ ...person(subject), roles });
const alice = by('alice', 'requester');
const bob = by('bob', 'approver');
const olga = by('olga', 'operator');

type Facts = Parameters<typeof permissionsOf>[0];

function facts(more: Partial<Facts> = {}): Facts {
  return {
    change: change(),
    standing: 'going',
    called: false,
    last: null,
    isIntact: true,
    mayRead: true,
    unsealed: null,
    freeze: null,
    ...more,
  };
}

/** Each action with the code that refuses it, `yes`, or `again`. */
function said(permissions: Readonly<Record<Action, Permission>>): Record<Action, string> {
  const word = (one: Permission) => (one.allowed ? (one.repeated ? 'again' : 'yes') : one.code);
  return Object.fromEntries(actions.map((action) => [action, word(permissions[action])])) as never;
}

const operators = {
  pause: 'missing_role',
  resume: 'missing_role',
  retry: 'missing_role',
  abandon: 'missing_role',
};

test('of a pending change: an approver may decide it, its requester may withdraw it', () => {
  expect(said(permissionsOf(facts(), { person: bob }, now))).toEqual({
    approve: 'yes',
    reject: 'yes',
    takeBack: 'nothing_decided',
    withdraw: 'missing_role',
    ...operators,
    review: 'review_not_owed',
    overrideFreeze: 'forbidden',
  });
  expect(said(permissionsOf(facts(), { person: alice }, now))).toMatchObject({
    approve: 'self_approval',
    withdraw: 'yes',
    ...operators,
    review: 'missing_role',
  });
});

test('of an approved change: an operator may steer it, and what is said already is said again', () => {
  const approved = change({ decisionStatus: 'approved', executionStatus: 'running' });
  const steer = (more: Partial<ActionFacts>) =>
    said(permissionsOf(facts({ change: approved, ...more }), { person: olga }, now));
  expect(steer({ called: true })).toMatchObject({
    withdraw: 'call_started',
    pause: 'yes',
    resume: 'not_paused',
    retry: 'yes',
    abandon: 'yes',
  });
  const paused = { standing: 'paused', called: true } as const;
  expect(steer({ ...paused, last: { word: 'pause', person: olga } })).toMatchObject({
    pause: 'again',
    resume: 'yes',
    retry: 'not_running',
  });
  expect(steer({ ...paused, last: { word: 'pause', person: by('oscar', 'operator') } })).toMatchObject({
    pause: 'not_running',
  });
});

test('of a change that a freeze holds: whom its policy names may let it run, and nobody else', () => {
  const carol = by('carol', 'approver');
  const { issuer, subject } = carol;
  const held = change({
    decisionStatus: 'approved',
    executionStatus: 'scheduled',
    digest: 'd'.repeat(64),
    policy: {
      ...fourEyes,
      freezeOverride: { group: 'on-call' },
      groups: { 'on-call': { source: 'members', members: [{ issuer, subject }] } },
    },
  });
  const freeze: Freeze = {
    ...{
      id: 'f',
      operation: null,
      scope: {},
      reason: 'r',
      startsAt: '2026-11-24T09:00:00.000Z',
      endsAt: null,
    },
    ...{ declaredBy: null, declaredAt: null, liftedBy: null, liftedAt: null },
  };
  const override = (more: Partial<Facts>, person: Person) =>
    said(permissionsOf(facts({ change: held, freeze, ...more }), { person }, now)).overrideFreeze;
  expect(override({}, carol)).toBe('yes');
  expect(override({}, bob)).toBe('not_an_approver');
  expect(override({}, olga)).toBe('missing_role');
  expect(override({ change: { ...held, requester: carol } }, carol)).toBe('self_approval');
  expect(override({ freeze: null }, carol)).toBe('freeze_ended');
  expect(override({ isIntact: false }, carol)).toBe('stored_change_differs');
  // Whom the directory lists.
  const listed = { ...held.policy, groups: { 'on-call': { source: 'directory' } } } as const;
  const directory = [{ ...bob, groups: ['on-call'] }];
  const asked = facts({ change: { ...held, policy: listed }, freeze });
  expect(permissionsOf(asked, { person: bob, directory }, now).overrideFreeze).toEqual({ allowed: true });
});

test.each<[string, Partial<ActionFacts>, Partial<Record<Action, string>>]>([
  [
    'that differs from its digest',
    { isIntact: false },
    { approve: 'stored_change_differs', reject: 'stored_change_differs', review: 'stored_change_differs' },
  ],
  [
    'that they may not read',
    { mayRead: false },
    {
      approve: 'not_an_approver',
      reject: 'not_an_approver',
      takeBack: 'not_an_approver',
      review: 'forbidden',
    },
  ],
  [
    'that was stopped',
    { standing: 'withdrawn' },
    { approve: 'already_stopped', reject: 'already_stopped', takeBack: 'already_stopped' },
  ],
  [
    'under a revoked policy',
    { standing: 'revoked' },
    { approve: 'policy_revoked', takeBack: 'policy_revoked' },
  ],
  [
    'under a log that is not sealed',
    { unsealed: new CountersignError('not_sealed', '') },
    { approve: 'not_sealed', reject: 'yes' },
  ],
])('of a change %s', (_what, more, expected) => {
  expect(said(permissionsOf(facts(more), { person: bob }, now))).toMatchObject(expected);
});

test('a submission is not said of a change', () => {
  const judged = judgeSaid(facts(), { kind: 'submission', action: 'submit', comment: '' }, alice, now);
  expect(isRefused(judged) && judged.code).toBe('invalid_request');
});
