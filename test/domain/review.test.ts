import { expect, test } from 'vitest';
import type { Change, Decision } from '../../domain/change.ts';
import { codeOf } from './decidable-fixture.ts';
import type { Person, Role } from '../../domain/person.ts';
import { judgeReview } from '../../domain/review.ts';
import type { ReviewStatus } from '../../domain/status.ts';

const person = (subject: string, ...roles: Role[]): Person => ({
  issuer: 'https://id',
  subject,
  name: subject,
  roles,
  groups: [],
  authentication: { methods: [], at: null },
});
const alice = person('alice', 'requester', 'auditor');
const erin = person('erin', 'requester');
const bob = person('bob', 'approver');
const carol = person('carol', 'approver');
const dave = person('dave', 'auditor');
const adam = person('adam', 'admin');
const ended = '2026-11-24T09:00:00.000Z';

test.each<[string, Person, ReviewStatus, string | null]>([
  ['new', carol, 'owed', ended],
  ['new', dave, 'owed', ended],
  ['missing_role', erin, 'owed', ended],
  // Reads no changes.
  ['missing_role', adam, 'owed', ended],
  // Asked for it, whatever other role they hold.
  ['self_review', alice, 'owed', ended],
  // Decided it.
  ['self_review', bob, 'owed', ended],
  ['review_not_owed', carol, 'owed', null],
  ['review_not_owed', carol, 'none', ended],
  ['repeated', dave, 'signed', ended],
  ['already_reviewed', carol, 'signed', ended],
])('%s: %o, review %s, closed %s', (expected, by, reviewStatus, closedAt) => {
  const change = {
    requester: alice,
    decisions: [{ person: bob, counts: false } as Decision],
    reviewStatus,
    closedAt,
    review: reviewStatus === 'signed' ? { person: dave, comment: 'looked', at: ended } : null,
  } as unknown as Change;
  expect(codeOf(() => judgeReview(change, by))).toBe(expected);
});
