import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Decision } from '../../domain/change.ts';
import { decisionOutcome, judgeDecision, refusalToTakeBack, missingSeats } from '../../domain/decision.ts';
import type { DecisionFacts, WantedDecision } from '../../domain/decision.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Person } from '../../domain/person.ts';
import type { PinnedPolicy, RejectRule } from '../../domain/policy.ts';
import {
  after,
  alice,
  codeOf,
  decidable,
  decided,
  digest,
  person,
  policyOf,
  stage,
  submitted,
  wanted,
} from './decidable-fixture.ts';

const other = 'b'.repeat(64);
const [bob, carol, dan] = ['bob', 'carol', 'dan'].map((name) => person(name, ['operations'])) as [
  Person,
  Person,
  Person,
];
const frank = person('frank', ['security']);
const both = person('beth', ['operations', 'security']);
const minute = 60_000;
const iso = (ms: number) => new Date(submitted + ms).toISOString();

const verdict = (
  change: Partial<DecisionFacts>,
  by: Person,
  more: Partial<WantedDecision> = {},
  now = submitted + 1000,
) => codeOf(() => judgeDecision({ ...decidable(), ...change }, wanted(by, more), now));

describe('who may decide what, when', () => {
  const two = policyOf([stage('first', '*:2')]);
  const security = policyOf([stage('first', 'security:1')]);
  const inOrder = policyOf([stage('first', 'operations:1'), stage('second', 'security:1')]);
  const reject = { decision: 'reject' } as const;
  const acting: Partial<DecisionFacts> = {
    policy: { ...two, delegations: [{ from: alice, to: bob, since: iso(500), until: iso(60_000) }] },
    decisions: [decided(bob, { at: iso(400) })],
  };
  test.each<[string, string, Partial<DecisionFacts>, Person, Partial<WantedDecision>?, number?]>([
    ['an approver', 'new', {}, bob],
    ['an approver, rejecting', 'new', {}, bob, reject],
    ['the requester', 'self_approval', {}, alice],
    ['the requester, rejecting', 'self_approval', {}, alice, reject],
    ['the same subject at another issuer', 'new', {}, { ...person('alice'), issuer: 'https://other' }],
    ['without the role', 'missing_role', {}, person('olga', ['operations'], ['operator', 'admin'])],
    ['before the target was read', 'not_awaiting_decision', { digest: null }, bob],
    ['on another digest', 'digest_mismatch', {}, bob, { digest: other }],
    // Who may not decide is told so whatever they saw.
    ['on another digest, of another group', 'not_an_approver', { policy: security }, bob, { digest: other }],
    ['a moment before decide-by', 'new', {}, bob, {}, submitted + 86_400_000 - 1],
    ['at decide-by', 'decide_by_passed', {}, bob, {}, submitted + 86_400_000],
    ['after an approval', 'already_decided', { decisionStatus: 'approved' }, bob],
    ['after an expiry', 'already_decided', { decisionStatus: 'expired' }, bob],
    ['the same again', 'repeated', { policy: two, decisions: [decided(bob)] }, bob],
    ['the same after the end', 'repeated', { decisionStatus: 'approved', decisions: [decided(bob)] }, bob],
    ['the contrary', 'already_decided', { policy: two, decisions: [decided(bob)] }, bob, reject],
    ['again in a new round', 'new', { round: 2, decisions: [decided(bob, { counts: false })] }, bob],
    ['again after taking it back', 'new', { decisions: [decided(bob, { counts: false })] }, bob, reject],
    ['the same, after losing the role', 'repeated', { decisions: [decided(bob)] }, { ...bob, roles: [] }],
    ['the same, while the requester has delegated to them since', 'repeated', acting, bob],
    ['the contrary, while the requester has delegated to them since', 'self_approval', acting, bob, reject],
    [
      'after four changes of mind',
      'new',
      { decisions: [decided(bob, { counts: false, takenBack: 4 })] },
      bob,
    ],
    [
      'after five changes of mind',
      'too_many_changes_of_mind',
      { decisions: [decided(bob, { counts: false, takenBack: 5 })] },
      bob,
    ],
    [
      'after five changes of mind, rejecting',
      'too_many_changes_of_mind',
      { decisions: [decided(bob, { counts: false, takenBack: 5 })] },
      bob,
      reject,
    ],
    [
      'after somebody else’s changes of mind',
      'new',
      { decisions: [decided(carol, { counts: false, takenBack: 5 })] },
      bob,
    ],
    ['outside the stage’s group', 'not_an_approver', { policy: security }, bob],
    ['inside the stage’s group', 'new', { policy: security }, frank],
    ['in a later stage’s group', 'not_an_approver', { policy: inOrder }, frank],
    ['once the stage is open', 'new', { policy: inOrder, decisions: [decided(bob)] }, frank],
    ['after their stage', 'not_an_approver', { policy: inOrder, decisions: [decided(bob)] }, carol],
    [
      'after their stage, where somebody may move on',
      'new',
      { policy: inOrder, decisions: [decided(both)] },
      carol,
    ],
    [
      'in a group that the policy does not name',
      'not_an_approver',
      { policy: { ...security, groups: {} } },
      frank,
    ],
  ])('%s: %s', (_name, expected, change, by, more, now) => {
    expect(verdict(change, by, more, now)).toBe(expected);
  });
});

describe('where a group’s members are known from', () => {
  const policy = policyOf([stage('first', 'security:1')]);
  const from = (source: PinnedPolicy['groups'][string]) => ({
    policy: { ...policy, groups: { security: source } },
  });
  const listing = (...members: Person[]) => from({ source: 'members', members });
  const said = (id: Person, ...groups: string[]) => ({
    directory: [{ issuer: id.issuer, subject: id.subject, groups }],
  });
  test.each<[string, string, Partial<DecisionFacts>, Person, Partial<WantedDecision>?]>([
    ['named by the token', 'new', from({ source: 'token' }), frank],
    ['listed', 'new', listing(bob), bob],
    ['listed under another issuer', 'not_an_approver', listing(bob), { ...bob, issuer: 'https://other' }],
    ['of that name in the token, not listed', 'not_an_approver', listing(bob), frank],
    ['in the directory', 'new', from({ source: 'directory' }), bob, said(bob, 'security')],
    [
      'of that name in the token, not in the directory',
      'not_an_approver',
      from({ source: 'directory' }),
      frank,
    ],
    [
      'somebody else in the directory',
      'not_an_approver',
      from({ source: 'directory' }),
      bob,
      said(dan, 'security'),
    ],
    [
      'of that name in the directory, asked by token',
      'not_an_approver',
      from({ source: 'token' }),
      bob,
      said(bob, 'security'),
    ],
  ])('%s: %s', (_name, expected, change, by, more) => {
    expect(verdict(change, by, more)).toBe(expected);
  });
});

describe('what a decision has to come with', () => {
  test.each<[PinnedPolicy['commentRequired'], 'approve' | 'reject', string, string]>([
    ['never', 'reject', '', 'new'],
    ['reject', 'approve', '', 'new'],
    ['reject', 'reject', '', 'comment_required'],
    ['reject', 'reject', ' \n', 'comment_required'],
    ['reject', 'reject', 'no', 'new'],
    ['always', 'approve', '', 'comment_required'],
    ['always', 'approve', 'yes', 'new'],
  ])('comment %s: %s with %j: %s', (commentRequired, decision, comment, expected) => {
    expect(verdict({ policy: { ...fourEyes, commentRequired } }, bob, { decision, comment })).toBe(expected);
  });
  test.each<[PinnedPolicy['authentication'], number, string]>([
    [null, 0, 'new'],
    [{ methods: ['mfa'] }, 0, 'new'],
    [{ methods: ['hwk'] }, 0, 'stronger_authentication_needed'],
    [{ maxAgeSeconds: 60 }, minute, 'new'],
    [{ maxAgeSeconds: 60 }, minute + 1, 'stronger_authentication_needed'],
  ])('authentication %j, %i ms after the login: %s', (authentication, age, expected) => {
    expect(verdict({ policy: { ...fourEyes, authentication } }, bob, {}, submitted + age)).toBe(expected);
  });
});

describe('what decisions amount to', () => {
  const of = (policy: PinnedPolicy, ...decisions: Decision[]) =>
    decisionOutcome({ ...decidable(policy), decisions });
  const no = { decision: 'reject' } as const;
  test('one approval approves, none does not, a reject rejects', () => {
    expect(of(fourEyes)).toBe('pending');
    expect(of(fourEyes, decided(bob))).toBe('approved');
    expect(of(fourEyes, decided(bob, no))).toBe('rejected');
  });
  test.each<[string, Partial<Decision>]>([
    ['an earlier round', { round: 0 }],
    ['one taken back', { counts: false }],
    ['the requester', { person: alice }],
    ['one who is no approver', { person: person('olga', [], ['operator']) }],
  ])('a decision of %s does not count, in favour or against', (_name, more) => {
    expect(of(fourEyes, decided(bob, more))).toBe('pending');
    expect(of(fourEyes, decided(bob, { ...more, ...no }))).toBe('pending');
  });
  test('one person fills one seat, in one stage and over all', () => {
    const policy = policyOf([stage('first', '*:2')]);
    expect(of(policy, decided(bob), decided(bob))).toBe('pending');
    expect(of(policy, decided(bob), decided(carol))).toBe('approved');
    const stages = policyOf([stage('first', '*:1'), stage('second', '*:1')]);
    expect(of(stages, decided(bob))).toBe('pending');
    expect(of(stages, decided(bob), decided(carol))).toBe('approved');
  });
  test('a threshold below one asks for one; no stage, and a stage without groups, approve nothing', () => {
    expect(of(policyOf([stage('first', '*:0')]))).toBe('pending');
    expect(of(policyOf([]), decided(bob))).toBe('pending');
    expect(of(policyOf([{ name: 'first', groups: [] }]), decided(bob))).toBe('pending');
  });
  test('a person of both groups takes the seat that is left', () => {
    const policy = policyOf([stage('first', 'operations:1 security:1')]);
    expect(of(policy, decided(both), decided(bob))).toBe('approved');
    expect(of(policy, decided(both), decided(frank))).toBe('approved');
    expect(of(policy, decided(bob), decided(carol))).toBe('pending');
  });
  test.each<[string, RejectRule, string, number, string]>([
    ['any', { kind: 'any' }, '*:4', 1, 'rejected'],
    ['two, one', { kind: 'count', count: 2 }, '*:4', 1, 'pending'],
    ['two, two', { kind: 'count', count: 2 }, '*:4', 2, 'rejected'],
    ['more than half of four, two', { kind: 'majority' }, '*:4', 2, 'pending'],
    ['more than half of four, three', { kind: 'majority' }, '*:4', 3, 'rejected'],
    ['more than half of three, two', { kind: 'majority' }, 'operations:2 security:1', 2, 'rejected'],
    ['more than half of one, one', { kind: 'majority' }, '*:1', 1, 'rejected'],
  ])('rejects: %s', (_name, reject, seats, count, expected) => {
    const against = [bob, carol, dan].slice(0, count).map((by) => decided(by, no));
    expect(of(policyOf([stage('first', seats)], { reject }), ...against)).toBe(expected);
  });
  test.each<[string, Decision[], string]>([
    [
      'three approvals and one reject',
      [decided(bob), decided(carol), decided(dan), decided(frank, no)],
      'approved',
    ],
    ['two approvals and one reject', [decided(bob), decided(carol), decided(frank, no)], 'pending'],
    ['one approval and two rejects', [decided(bob), decided(carol, no), decided(frank, no)], 'rejected'],
  ])('a minority against three seats stays one when they are full: %s', (_name, decisions, expected) => {
    const policy = policyOf([stage('first', '*:3')], { reject: { kind: 'majority' } });
    for (const order of [decisions, [...decisions].reverse()]) expect(of(policy, ...order)).toBe(expected);
  });
  test('a minority of an earlier stage does not count in a later one, nor at the end', () => {
    const policy = policyOf([stage('first', '*:2'), stage('second', '*:1')], {
      reject: { kind: 'majority' },
    });
    const first = [decided(bob), decided(frank, no), decided(carol)];
    expect(of(policy, ...first)).toBe('pending');
    expect(of(policy, ...first, decided(dan, { stage: 'second' }))).toBe('approved');
    expect(of(policy, ...first, decided(dan, { ...no, stage: 'second' }))).toBe('rejected');
  });
  test('a majority is one of the stage in which it rejects', () => {
    const policy = policyOf([stage('first', '*:1'), stage('second', '*:2')], {
      reject: { kind: 'majority' },
    });
    const second = { ...no, stage: 'second' };
    const first = decided(dan);
    expect(of(policy, first, decided(bob, no), decided(carol, second))).toBe('pending');
    expect(of(policy, first, decided(bob, second), decided(carol, second))).toBe('rejected');
  });
});

describe('who is still missing', () => {
  const policy = policyOf([stage('first', 'operations:2 security:1'), stage('second', 'board:1')]);
  const missing = (...by: Person[]) =>
    missingSeats({ ...decidable(policy), decisions: by.map((p) => decided(p)) });
  const board = { stage: 'second', group: 'board', seats: 1, alsoFrom: [] };
  test.each<[string, Person[], object[]]>([
    [
      'nobody yet',
      [],
      [
        ['operations', 2],
        ['security', 1],
      ],
    ],
    [
      'one',
      [bob],
      [
        ['operations', 1],
        ['security', 1],
      ],
    ],
    ['a group done', [bob, carol], [['security', 1]]],
  ])('%s', (_name, by, seats) => {
    const first = (seats as [string, number][]).map(([group, free]) => ({
      stage: 'first',
      group,
      seats: free,
      alsoFrom: expect.anything() as unknown,
    }));
    expect(missing(...by)).toEqual([...first, board]);
  });
  test('a later stage when the first is done, and nobody at the end', () => {
    expect(missing(bob, carol, frank)).toEqual([board]);
    expect(missing(bob, carol, frank, person('grace', ['board']))).toEqual([]);
  });
  test('names the other groups that help because somebody may move', () => {
    const one = policyOf([stage('first', 'operations:1 security:1')]);
    const [seat, ...rest] = missingSeats({ ...decidable(one), decisions: [decided(both)] });
    expect(rest).toEqual([]);
    expect([seat?.group, ...(seat?.alsoFrom ?? [])].sort()).toEqual(['operations', 'security']);
  });
});

describe('delegation', () => {
  const listed = { security: { source: 'members', members: [frank] } } as const;
  const delegation = (from: Person, to: Person) => ({ from, to, since: iso(0), until: iso(minute) });
  const policy = (...delegations: PinnedPolicy['delegations'][number][]) =>
    policyOf([stage('first', 'security:1')], { groups: listed, delegations });
  test.each<[string, string, PinnedPolicy, Person, number]>([
    ['within its dates', 'new', policy(delegation(frank, bob)), bob, 0],
    ['a moment before its end', 'new', policy(delegation(frank, bob)), bob, minute - 1],
    ['at its end', 'not_an_approver', policy(delegation(frank, bob)), bob, minute],
    ['to somebody else', 'not_an_approver', policy(delegation(frank, carol)), bob, 0],
    ['to the requester', 'self_approval', policy(delegation(frank, alice)), alice, 0],
    ['from the requester', 'self_approval', policy(delegation(alice, bob)), bob, 0],
    ['from the requester, over by then', 'self_approval', policy(delegation(alice, frank)), frank, minute],
    [
      'of one who acts for the requester',
      'not_an_approver',
      policy(delegation(alice, frank), delegation(frank, bob)),
      bob,
      0,
    ],
    ['of one who has no right to it', 'not_an_approver', policy(delegation(carol, bob)), bob, 0],
  ])('%s: %s', (_name, expected, pinned, by, ms) => {
    expect(verdict({ policy: pinned }, by, {}, submitted + ms)).toBe(expected);
  });
  test('before its start, nobody acts for anybody', () => {
    const later = { from: frank, to: bob, since: iso(2), until: iso(minute) };
    expect(verdict({ policy: policy(later) }, bob, {}, submitted + 1)).toBe('not_an_approver');
    expect(verdict({ policy: policy(later) }, bob, {}, submitted + 2)).toBe('new');
  });
  test('one right fills one seat, in whoever’s hands', () => {
    const two = policyOf([stage('first', 'security:2')], {
      groups: { security: { source: 'members', members: [frank, dan] } },
      delegations: [delegation(frank, bob), delegation(frank, carol)],
    });
    const outcome = (...by: Person[]) =>
      decisionOutcome({ ...decidable(two), decisions: by.map((p) => decided(p)) });
    expect(outcome(bob, carol)).toBe('pending');
    expect(outcome(bob, frank)).toBe('pending');
    expect(outcome(bob, dan)).toBe('approved');
    expect(outcome(frank, dan)).toBe('approved');
  });
  test('one’s own right or another’s, whichever is needed', () => {
    const mixed = policyOf([stage('first', 'operations:1 security:1')], {
      groups: listed,
      delegations: [delegation(frank, bob)],
    });
    const outcome = (...by: Person[]) =>
      decisionOutcome({ ...decidable(mixed), decisions: by.map((p) => decided(p)) });
    expect(outcome(bob)).toBe('pending');
    expect(outcome(bob, carol)).toBe('approved');
    expect(outcome(carol, bob)).toBe('approved');
    expect(outcome(bob, frank)).toBe('approved');
  });
});

describe('escalation, break-glass and standard changes', () => {
  const managers = { afterMs: minute, group: 'managers' };
  const escalating = policyOf([stage('first', 'security:1')], {
    escalation: managers,
    groups: { managers: { source: 'token' } },
  });
  const grace = person('grace', ['managers']);
  test('the escalation group counts once it is asked, and is named as missing then', () => {
    expect(verdict({ policy: escalating }, grace)).toBe('not_an_approver');
    const asked = decidable(escalating, { escalatedAt: iso(minute) });
    expect(missingSeats(asked)).toEqual([
      { stage: 'first', group: 'security', seats: 1, alsoFrom: ['managers'] },
    ]);
    expect(after(asked, grace).decisionStatus).toBe('approved');
    expect(codeOf(() => after(asked, bob))).toBe('not_an_approver');
  });
  const glass = (approvals: 0 | 1) =>
    policyOf([stage('first', 'operations:2'), stage('second', 'security:1')], {
      breakGlass: { groups: ['oncall'], approvals },
    });
  test('a break-glass change asks for one of the policy’s people, or for nobody', () => {
    const one = decidable(glass(1), { breakGlass: true });
    expect(decisionOutcome(one)).toBe('pending');
    expect(missingSeats(one)).toEqual([
      { stage: 'break-glass', group: 'operations', seats: 1, alsoFrom: ['security'] },
    ]);
    expect(after(one, frank).decisionStatus).toBe('approved');
    expect(after(one, bob, { decision: 'reject' }).decisionStatus).toBe('rejected');
    expect(codeOf(() => after(one, grace))).toBe('not_an_approver');
    expect(codeOf(() => after(one, alice))).toBe('self_approval');
    expect(decisionOutcome(decidable(glass(0), { breakGlass: true }))).toBe('approved');
    expect(decisionOutcome(decidable(glass(0)))).toBe('pending');
    expect(decisionOutcome(decidable(fourEyes, { breakGlass: true }))).toBe('pending');
  });
  test('a standard change asks for nobody', () => {
    const standard = decidable(policyOf([], { standard: true }));
    expect(decisionOutcome(standard)).toBe('approved');
    expect(missingSeats(standard)).toEqual([]);
  });
});

describe('taking a decision back', () => {
  const policy = policyOf([stage('first', 'operations:2'), stage('second', 'security:1 operations:1')]);
  const start = decidable(policy);
  const one = after(start, bob);
  const two = after(one, carol);
  const taken = (change: DecisionFacts, by: Person, now = submitted + 2000) =>
    codeOf(() => refusalToTakeBack(change, by, now));
  test.each<[string, string, () => unknown]>([
    ['while the stage is open', 'allowed', () => taken(one, bob)],
    ['after decide-by', 'decide_by_passed', () => taken(one, bob, submitted + 86_400_000)],
    ['of nobody’s', 'nothing_decided', () => taken(one, carol)],
    ['of somebody else’s', 'nothing_decided', () => taken(one, { ...bob, issuer: 'https://other' })],
    ['after its stage', 'stage_resolved', () => taken(two, bob)],
    ['in the next stage', 'allowed', () => taken(after(two, frank), frank)],
    ['after the approval', 'stage_resolved', () => taken(after(after(two, frank), dan), dan)],
    ['of an earlier round', 'nothing_decided', () => taken({ ...one, round: 2 }, bob)],
    [
      'twice',
      'nothing_decided',
      () => taken({ ...one, decisions: one.decisions.map((d) => ({ ...d, counts: false })) }, bob),
    ],
  ])('%s: %s', (_name, expected, work) => {
    expect(work()).toBe(expected);
  });
});

test('the built-in policy carries its own digest', () => {
  const { digest: pinned, ...members } = fourEyes;
  expect(createHash('sha256').update(canonicalJson(members)).digest('hex')).toBe(pinned);
  expect(digest).toHaveLength(64);
});
