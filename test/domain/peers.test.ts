import { describe, expect, test } from 'vitest';
import { decisionOutcome, judgeDecision, missingSeats } from '../../domain/decision.ts';
import type { Change, ChangeRequest } from '../../domain/change.ts';
import { newChange } from '../../domain/evolve.ts';
import { audienceOf } from '../../domain/notice.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { judgeReview } from '../../domain/review.ts';
import { refusalOfBreakGlass } from '../../domain/break-glass.ts';
import { satisfiability } from '../../domain/satisfiability.ts';
import { judgeWord } from '../../domain/stop.ts';
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
import { closed, withNobody, withRound } from './moves.ts';
import { pins } from '../support/operations.ts';
import { targetOf } from '../support/target.ts';

const now = submitted + 1000;
const bob = person('bob', ['operations']);
const carol = person('carol', ['operations']);
const frank = person('frank', ['security']);
const beth = person('beth', ['operations', 'security']);
const at = new Date(now).toISOString();

/** A change of alice's as the workflow has it. */
function change(policy: PinnedPolicy, more: Partial<Change> = {}): Change {
  const request: ChangeRequest = {
    id: '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42',
    operation: 'ActiveCaCertificate',
    ...pins,
    input: { sn: '1' },
    target: targetOf('t'),
    requester: alice,
    justification: 'because',
    ticket: null,
    breakGlass: more.breakGlass ?? false,
    policy,
    submittedAt: new Date(submitted).toISOString(),
    decideBy: new Date(submitted + 86_400_000).toISOString(),
    executeAfter: null,
    executeBy: null,
    executeWithinMs: 3_600_000,
    submission: null,
    idempotency: null,
    source: null,
  };
  return { ...withRound(newChange(request), { status: 'inactive' }, digest), ...more };
}

/** Scenarios in which others fail, by name. */
describe('where others fail', () => {
  test('two approvers from two different teams can be asked for', () => {
    const both = decidable(policyOf([stage('review', 'operations:1 security:1')]));
    expect(after(after(both, bob), frank).decisionStatus).toBe('approved');
    expect(after(after(both, bob), carol).decisionStatus).toBe('pending');
  });
  test('a threshold of 0, or none, does not open the gate', () => {
    for (const threshold of [0, -1, Number.NaN, undefined as unknown as number]) {
      const policy = policyOf([{ name: 'review', groups: [{ group: 'operations', threshold }] }]);
      expect(decisionOutcome(decidable(policy))).toBe('pending');
    }
  });
  test('a group of the same name elsewhere is none', () => {
    const policy = policyOf([stage('review', 'security:1')], {
      groups: { security: { source: 'members', members: [{ issuer: 'https://id', subject: 'grace' }] } },
    });
    expect(codeOf(() => after(decidable(policy), frank))).toBe('not_an_approver');
  });
  test('a gate that nobody could satisfy is noticed', () => {
    const policy = policyOf([stage('review', 'security:1')], {
      groups: {
        security: { source: 'members', members: [{ issuer: alice.issuer, subject: alice.subject }] },
      },
    });
    expect(satisfiability(decidable(policy), () => [], at)).toMatchObject({
      verdict: 'unsatisfiable',
      missing: [{ stage: 'review', group: 'security', seats: 1 }],
    });
  });
  test('a person in several groups is counted where it helps, and nothing waits for ever', () => {
    const both = decidable(policyOf([stage('review', 'operations:1 security:1')]));
    for (const other of [bob, frank]) {
      expect(after(after(both, beth), other).decisionStatus).toBe('approved');
      expect(after(after(both, other), beth).decisionStatus).toBe('approved');
    }
  });
  test('no approver found is no approval', () => {
    expect(decisionOutcome(decidable(policyOf([])))).toBe('pending');
    expect(decisionOutcome(decidable(policyOf([{ name: 'review', groups: [] }])))).toBe('pending');
    const nobody = policyOf([stage('review', 'security:1')], {
      groups: { security: { source: 'members', members: [] } },
    });
    expect(decisionOutcome(decidable(nobody))).toBe('pending');
    expect(satisfiability(decidable(nobody), () => [], at).verdict).toBe('unsatisfiable');
  });
  test('an approval does not survive an edit of what was approved', () => {
    const two = decidable(policyOf([stage('review', '*:2')]));
    const edited = { ...after(two, bob), digest: 'b'.repeat(64), round: 2 };
    expect(missingSeats(edited)).toMatchObject([{ seats: 2 }]);
    expect(codeOf(() => after(edited, carol))).toBe('digest_mismatch');
  });
  test('an approved change can no longer be denied, nor a denied one approved', () => {
    const one = decidable(policyOf([stage('review', '*:1')]));
    const late = (change: typeof one, decision: 'approve' | 'reject') =>
      codeOf(() => judgeDecision(change, wanted(carol, { decision }), now));
    expect(late(after(one, bob), 'reject')).toBe('already_decided');
    expect(late(after(one, bob, { decision: 'reject' }), 'approve')).toBe('already_decided');
  });
  test('a time-out runs nothing, and its approvals are dead', () => {
    const expired = decidable(policyOf([stage('review', '*:1')]), { decisionStatus: 'expired' });
    expect(codeOf(() => judgeDecision(expired, wanted(bob), now))).toBe('already_decided');
    const over = decidable(policyOf([stage('review', '*:1')]));
    expect(codeOf(() => judgeDecision(over, wanted(bob), Date.parse(over.decideBy)))).toBe(
      'decide_by_passed',
    );
  });
  test('a break-glass without a reason, or by anybody, is none', () => {
    const policy = policyOf([stage('review', '*:1')], {
      breakGlass: { groups: ['oncall'], approvals: 0, reasons: ['outage'] },
      groups: { oncall: { source: 'token' } },
    });
    const broken = (groups: string[], why: string) =>
      codeOf(() => refusalOfBreakGlass(policy, person('erin', groups), why));
    expect(broken(['oncall'], 'outage: line 3')).toBe('allowed');
    expect(broken(['oncall'], 'because')).toBe('break_glass_not_allowed');
    expect(broken([], 'outage: line 3')).toBe('break_glass_not_allowed');
  });
  test('who may approve may not force the outcome, and the other way round', () => {
    const operator = person('olga', ['operations'], ['operator']);
    expect(codeOf(() => after(decidable(policyOf([stage('review', 'operations:1')])), operator))).toBe(
      'missing_role',
    );
    const running = { decisionStatus: 'approved', executionStatus: 'running', requester: alice } as Change;
    expect(
      codeOf(() => judgeWord({ change: running, standing: 'going', called: true }, 'abandon', bob)),
    ).toBe('missing_role');
  });
  test('the self-approval ban holds on every way in', () => {
    const delegated = policyOf([stage('review', 'security:1')], {
      groups: { security: { source: 'members', members: [{ issuer: 'https://id', subject: 'frank' }] } },
      delegations: [
        { from: frank, to: alice, since: '2026-01-01T00:00:00.000Z', until: '2027-01-01T00:00:00.000Z' },
      ],
      breakGlass: { groups: ['oncall'], approvals: 1 },
    });
    const change = decidable(delegated);
    expect(codeOf(() => after(change, alice))).toBe('self_approval');
    expect(codeOf(() => after({ ...change, breakGlass: true }, alice))).toBe('self_approval');
    const machine = { ...change, requester: { issuer: 'urn:token', subject: 't1', issuedBy: frank } };
    expect(codeOf(() => after(machine, frank))).toBe('self_approval');
    // And whatever has slipped in is not counted.
    expect(decisionOutcome({ ...machine, decisions: [decided(frank)] })).toBe('pending');
    expect(decisionOutcome({ ...change, decisions: [decided(alice)] })).toBe('pending');
  });
});

describe('where others fail, beside the seats', () => {
  const policy = policyOf([stage('first', 'operations:1')], {
    breakGlass: { groups: ['on-call'], approvals: 0, reasons: ['outage'] },
    groups: { 'on-call': { source: 'token' } },
  });
  const ivan = person('ivan', ['on-call'], ['requester']);

  test('an answer before there is something to see decides nothing', () => {
    const unread = decidable(policyOf([stage('first', '*:1')]), { digest: null });
    expect(codeOf(() => judgeDecision(unread, wanted(bob), now))).toBe('not_awaiting_decision');
  });

  test('an approval keeps identity and multi-factor: a weak or old login decides nothing', () => {
    const policy = policyOf([stage('first', '*:1')], {
      authentication: { methods: ['hwk'], maxAgeSeconds: 60 },
    });
    expect(codeOf(() => judgeDecision(decidable(policy), wanted(bob), now))).toBe(
      'stronger_authentication_needed',
    );
  });

  test('the requester can withdraw, and the other approvers are told that it is decided', () => {
    const policy = policyOf([stage('both', 'operations:1 security:1')]);
    const asked = change(policy, { decisions: [decided(bob)] });
    const facts = { change: asked, standing: 'going', called: false } as const;
    expect(judgeWord(facts, 'withdraw', alice)).toBe('withdrawn');
    expect(audienceOf('decided', asked)).toMatchObject({
      groups: ['operations', 'security'],
      people: [{ subject: 'alice' }, { subject: 'bob' }],
    });
  });

  test('a break-glass owes a review by somebody else', () => {
    const broken = change(policy, { breakGlass: true, requester: ivan });
    const scheduled = withNobody(broken, now);
    expect(scheduled).toMatchObject({ decisionStatus: 'approved', reviewStatus: 'owed' });
    const ended = closed(
      scheduled,
      { executionStatus: 'succeeded', outcome: { code: 'succeeded', message: '' } },
      now,
    );
    expect(ended.reviewStatus).toBe('owed');
    expect(codeOf(() => judgeReview(ended, { ...ivan, roles: ['approver'] }))).toBe('self_review');
    expect(codeOf(() => judgeReview(ended, bob))).toBe('new');
    // Nothing was called, so nothing is owed.
    const idle = closed(
      scheduled,
      { executionStatus: 'cancelled', outcome: { code: 'abandoned', message: '' } },
      now,
    );
    expect(idle.reviewStatus).toBe('none');
  });
});
