import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { judgeBreakGlass } from '../../domain/break-glass.ts';
import type { Change, ChangeRequest } from '../../domain/change.ts';
import { closed, newChange, withNobody, withRound } from '../../domain/change-state.ts';
import { digestText } from '../../domain/digest.ts';
import { judgeExecution, judgeWithdrawal } from '../../domain/execution.ts';
import { audienceOf } from '../../domain/notice.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { needsNobody, progressOf } from '../../domain/progress.ts';
import { judgeReview } from '../../domain/review.ts';
import { judgeDecision } from '../../domain/decision.ts';
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

/** Where other systems that put people before an operation were seen to fail; each by the name of what went wrong. */
const bob = person('bob', ['operations']);
const carol = person('carol', ['operations']);
const frank = person('frank', ['security']);
const gina = person('gina', ['operations', 'security']);
const at = submitted + 2000;

/** A change of alice's as the workflow has it. */
function change(policy: PinnedPolicy, more: Partial<Change> = {}): Change {
  const request: ChangeRequest = {
    id: '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42',
    operation: 'ActiveCaCertificate',
    input: { sn: '1' },
    target: 't',
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

describe('who has to agree', () => {
  test('two approvers of two different teams can be asked for', () => {
    const asked = decidable(policyOf([stage('both', 'operations:1 security:1')]));
    const one = after(asked, bob);
    // A second one of the same team is kept, and is not the other team's.
    expect(after(one, carol).decisionStatus).toBe('pending');
    expect(after(after(one, carol), frank).decisionStatus).toBe('approved');
  });

  test('a threshold of 0 asks for one, and a group without seats passes nothing', () => {
    for (const seats of ['operations:0', 'operations:-1']) {
      expect(progressOf(decidable(policyOf([stage('first', seats)]))).outcome).toBe('pending');
    }
    expect(progressOf(decidable(policyOf([{ name: 'first', groups: [] }]))).outcome).toBe('pending');
    expect(progressOf(decidable(policyOf([]))).outcome).toBe('pending');
    expect(needsNobody(decidable(policyOf([])))).toBe(false);
  });

  test('a group of the same name elsewhere is another group', () => {
    const groups = { operations: { source: 'directory' as const } };
    const asked = decidable(policyOf([stage('first', 'operations:1')], { groups }));
    // The token says operations; the policy takes that group from the directory.
    expect(codeOf(() => judgeDecision(asked, wanted(bob), at))).toBe('not_an_approver');
    const listed = {
      operations: { source: 'members' as const, members: [{ issuer: 'https://other', subject: 'bob' }] },
    };
    const elsewhere = decidable(policyOf([stage('first', 'operations:1')], { groups: listed }));
    expect(codeOf(() => judgeDecision(elsewhere, wanted(bob), at))).toBe('not_an_approver');
  });

  test('a person of several groups takes the seat that is left, and the change does not wait for ever', () => {
    const asked = decidable(policyOf([stage('both', 'operations:1 security:1')]));
    expect(after(after(asked, gina), bob).decisionStatus).toBe('approved');
    expect(after(after(asked, gina), frank).decisionStatus).toBe('approved');
    expect(after(asked, gina).decisionStatus).toBe('pending');
  });

  test('nobody found to approve is not taken as approved', () => {
    const groups = { operations: { source: 'members' as const, members: [] } };
    const asked = change(policyOf([stage('first', 'operations:1')], { groups }));
    expect(progressOf(asked)).toMatchObject({ outcome: 'pending', missing: [{ seats: 1 }] });
    expect(withNobody(asked, 1000, at)).toBe(null);
  });
});

describe('what is decided on', () => {
  test('an approval does not survive an edit of what was approved', () => {
    const hash = (c: Change, snapshot: Change['snapshot']) =>
      createHash('sha256')
        .update(digestText(c, snapshot, c.round))
        .digest('hex');
    const one = change(policyOf([stage('first', '*:1')]));
    const digests = [
      hash(one, one.snapshot),
      hash(one, { status: 'active' }),
      hash({ ...one, input: { sn: '2' } }, one.snapshot),
      hash({ ...one, round: 2 }, one.snapshot),
      hash({ ...one, policy: { ...one.policy, version: 'next' } }, one.snapshot),
      hash({ ...one, operation: 'DeleteCaCertificate' }, one.snapshot),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(codeOf(() => judgeDecision(one, wanted(bob, { digest: 'b'.repeat(64) }), at))).toBe(
      'digest_mismatch',
    );
  });

  test('nothing is decided before there is something to see', () => {
    const unread = decidable(policyOf([stage('first', '*:1')]), { digest: null });
    expect(codeOf(() => judgeDecision(unread, wanted(bob), at))).toBe('not_awaiting_decision');
  });
});

describe('who decides', () => {
  test('the requester does not, in whatever role and whoever acts for them', () => {
    const since = new Date(submitted - 1000).toISOString();
    const until = new Date(submitted + 86_400_000).toISOString();
    const policy = policyOf([stage('first', '*:1')], {
      delegations: [{ from: alice, to: bob, since, until }],
    });
    expect(codeOf(() => judgeDecision(decidable(policy), wanted(alice), at))).toBe('self_approval');
    expect(codeOf(() => judgeDecision(decidable(policy), wanted(bob), at))).toBe('self_approval');
    expect(progressOf(decidable(policy, { decisions: [decided(alice)] })).outcome).toBe('pending');
  });

  test('somebody whose login was too weak or too long ago does not', () => {
    const policy = policyOf([stage('first', '*:1')], {
      authentication: { methods: ['hwk'], maxAgeSeconds: 60 },
    });
    expect(codeOf(() => judgeDecision(decidable(policy), wanted(bob), at))).toBe(
      'stronger_authentication_needed',
    );
  });

  test('to approve and to force the outcome are two rights', () => {
    const olga = person('olga', [], ['operator']);
    const asked = change(policyOf([stage('first', '*:1')]));
    expect(codeOf(() => judgeDecision(asked, wanted(olga), at))).toBe('missing_role');
    const running = { ...asked, decisionStatus: 'approved', executionStatus: 'running' } as const;
    expect(codeOf(() => judgeExecution(running, 'abandon', bob))).toBe('missing_role');
    expect(codeOf(() => judgeExecution(running, 'abandon', olga))).toBe('allowed');
  });
});

describe('when it is decided', () => {
  test('what is approved cannot be denied any more, and what is denied is not pending', () => {
    const asked = decidable(policyOf([stage('first', '*:1')]));
    const approved = after(asked, bob);
    expect(codeOf(() => judgeDecision(approved, wanted(carol, { decision: 'reject' }), at))).toBe(
      'already_decided',
    );
    const denied = after(asked, bob, { decision: 'reject' });
    expect(denied.decisionStatus).toBe('rejected');
    expect(codeOf(() => judgeDecision(denied, wanted(carol), at))).toBe('already_decided');
  });

  test('a time-out approves nothing, and nobody is asked after it', () => {
    const asked = decidable(policyOf([stage('first', '*:1')]));
    const late = Date.parse(asked.decideBy);
    expect(codeOf(() => judgeDecision(asked, wanted(bob), late))).toBe('decide_by_passed');
    expect(progressOf(asked).outcome).toBe('pending');
  });

  test('the requester may withdraw, and the other approvers are told that it is decided', () => {
    const policy = policyOf([stage('both', 'operations:1 security:1')]);
    const asked = change(policy, { decisions: [decided(bob)] });
    expect(codeOf(() => judgeWithdrawal(asked, alice, false))).toBe('allowed');
    expect(audienceOf('decided', asked)).toMatchObject({
      groups: ['operations', 'security'],
      people: [{ subject: 'alice' }, { subject: 'bob' }],
    });
  });
});

describe('when the glass is broken', () => {
  const policy = policyOf([stage('first', 'operations:1')], {
    breakGlass: { groups: ['on-call'], approvals: 0, reasons: ['outage'] },
    groups: { 'on-call': { source: 'token' } },
  });
  const ivan = person('ivan', ['on-call'], ['requester']);

  test('there is a reason', () => {
    expect(codeOf(() => judgeBreakGlass(policy, ivan, 'I want to'))).toBe('break_glass_not_allowed');
    expect(codeOf(() => judgeBreakGlass(policy, alice, 'outage of line 4'))).toBe('break_glass_not_allowed');
    expect(codeOf(() => judgeBreakGlass(policy, ivan, 'Outage of line 4'))).toBe('allowed');
  });

  test('there is a review, by somebody else', () => {
    const broken = change(policy, { breakGlass: true, requester: ivan });
    const scheduled = withNobody(broken, 1000, at);
    expect(scheduled).toMatchObject({ decisionStatus: 'approved', reviewStatus: 'owed' });
    if (scheduled === null) throw new Error('a broken glass asks for somebody');
    const ended = closed(
      scheduled,
      { executionStatus: 'succeeded', outcome: { code: 'succeeded', message: '' } },
      at,
    );
    expect(ended.reviewStatus).toBe('owed');
    expect(codeOf(() => judgeReview(ended, { ...ivan, roles: ['approver'] }))).toBe('self_review');
    expect(codeOf(() => judgeReview(ended, bob))).toBe('new');
    // Nothing was called, so nothing is owed.
    const idle = closed(
      scheduled,
      { executionStatus: 'cancelled', outcome: { code: 'abandoned', message: '' } },
      at,
    );
    expect(idle.reviewStatus).toBe('none');
  });
});
