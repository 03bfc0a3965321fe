import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Decision } from '../../domain/change.ts';
import { decisionOutcome, judgeDecision, missingSeats } from '../../domain/decision.ts';
import type { Decidable } from '../../domain/decision.ts';
import { CountersignError } from '../../domain/error.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Person, Role } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';

const person = (
  subject: string,
  roles: Role[] = ['approver'],
  groups: string[] = [],
  issuer = 'https://id',
): Person => ({
  issuer,
  subject,
  name: subject,
  roles,
  groups,
  authentication: { methods: [], at: null },
});
const digest = 'a'.repeat(64);
const other = 'b'.repeat(64);
const alice = person('alice', ['requester', 'approver']);
const bob = person('bob');
const decision = (
  by: Person,
  what: 'approve' | 'reject' = 'approve',
  more: Partial<Decision> = {},
): Decision => ({
  decision: what,
  comment: '',
  person: by,
  digest,
  round: 1,
  at: '2026-01-01T00:00:00.000Z',
  counts: true,
  ...more,
});
const base: Decidable = {
  requester: alice,
  policy: fourEyes,
  decisionStatus: 'pending',
  digest,
  round: 1,
  decideBy: '2026-01-02T00:00:00.000Z',
  decisions: [],
};
const before = Date.parse(base.decideBy) - 1;

function verdict(
  change: Partial<Decidable>,
  by: Person,
  what: 'approve' | 'reject' = 'approve',
  seen = digest,
  now = before,
): string {
  try {
    return judgeDecision({ ...base, ...change }, { decision: what, digest: seen, person: by }, now);
  } catch (error) {
    return error instanceof CountersignError ? error.code : 'not ours';
  }
}

describe('who may decide what, when', () => {
  const two: PinnedPolicy = { ...fourEyes, stages: [{ name: 's', groups: [{ group: null, threshold: 2 }] }] };
  const security: PinnedPolicy = {
    ...fourEyes,
    stages: [{ name: 's', groups: [{ group: 'security', threshold: 1 }] }],
  };
  test.each<[string, string, Partial<Decidable>, Person, ('approve' | 'reject')?, string?, number?]>([
    ['an approver', 'new', {}, bob],
    ['an approver, rejecting', 'new', {}, bob, 'reject'],
    ['the requester', 'self_approval', {}, alice],
    ['the requester, rejecting', 'self_approval', {}, alice, 'reject'],
    [
      'somebody of the same subject at another issuer',
      'new',
      {},
      person('alice', ['approver'], [], 'https://other'),
    ],
    ['somebody without the role', 'missing_role', {}, person('olga', ['operator', 'admin'])],
    ['before the target was read', 'not_awaiting_decision', { digest: null }, bob],
    ['on another digest', 'digest_mismatch', {}, bob, 'approve', other],
    ['at decide-by', 'decide_by_passed', {}, bob, 'approve', digest, before + 1],
    ['after an approval', 'already_decided', { decisionStatus: 'approved' }, bob],
    ['after an expiry', 'already_decided', { decisionStatus: 'expired' }, bob],
    ['the same again', 'repeated', { policy: two, decisions: [decision(bob)] }, bob],
    [
      'the same again after the end',
      'repeated',
      { decisionStatus: 'approved', decisions: [decision(bob)] },
      bob,
    ],
    ['the contrary', 'already_decided', { policy: two, decisions: [decision(bob)] }, bob, 'reject'],
    [
      'again in a new round',
      'new',
      { round: 2, decisions: [decision(bob, 'approve', { counts: false })] },
      bob,
    ],
    ['outside the stage’s group', 'not_an_approver', { policy: security }, bob],
    ['inside the stage’s group', 'new', { policy: security }, person('frank', ['approver'], ['security'])],
  ])('%s: %s', (_name, expected, change, by, what, seen, now) => {
    expect(verdict(change, by, what, seen, now)).toBe(expected);
  });
});

describe('what decisions amount to', () => {
  const stages = (...list: PinnedPolicy['stages'][number][]) => ({ ...fourEyes, stages: list });
  const of = (policy: PinnedPolicy, ...decisions: Decision[]) =>
    decisionOutcome({ policy, decisions, round: 1 });
  test('one approval approves, none does not, a reject rejects', () => {
    expect(of(fourEyes)).toBe('pending');
    expect(of(fourEyes, decision(bob))).toBe('approved');
    expect(of(fourEyes, decision(bob, 'reject'))).toBe('rejected');
  });
  test('decisions of an earlier round do not count', () => {
    expect(of(fourEyes, decision(bob, 'approve', { round: 0 }))).toBe('pending');
    expect(of(fourEyes, decision(bob, 'approve', { counts: false }))).toBe('pending');
  });
  test('one person fills one seat', () => {
    const policy = stages({ name: 's', groups: [{ group: null, threshold: 2 }] });
    expect(of(policy, decision(bob), decision(bob))).toBe('pending');
    expect(of(policy, decision(bob), decision(person('carol')))).toBe('approved');
  });
  test('a threshold below one asks for one, and no stage approves nothing', () => {
    expect(of(stages({ name: 's', groups: [{ group: null, threshold: 0 }] }))).toBe('pending');
    expect(of(stages())).toBe('pending');
  });
  test('later stages wait for earlier ones', () => {
    const policy = stages(
      { name: 'a', groups: [{ group: null, threshold: 1 }] },
      { name: 'b', groups: [{ group: 'security', threshold: 1 }] },
    );
    expect(missingSeats({ policy, decisions: [], round: 1 }).map((m) => m.stage)).toEqual(['a', 'b']);
    expect(missingSeats({ policy, decisions: [decision(bob)], round: 1 })).toEqual([
      { stage: 'b', group: 'security', seats: 1 },
    ]);
  });
});

test('the built-in policy carries its own digest', () => {
  const { digest: pinned, ...members } = fourEyes;
  expect(createHash('sha256').update(canonicalJson(members)).digest('hex')).toBe(pinned);
});
