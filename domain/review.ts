import type { Change } from './change.ts';
import { channelOf } from './channel.ts';
import { CountersignError } from './error.ts';
import type { Judged } from './error.ts';
import type { Person, Role } from './person.ts';
import { askedFor, isMachine, samePerson } from './person.ts';

const reviewers: ReadonlySet<Role> = new Set(['approver', 'auditor', 'operator']);

/**
 * Who may sign the post-implementation review that a break-glass change owes, and when: somebody with a role of
 * oversight who neither asked for the change nor decided it, once it has ended. Whoever asks this sees to it that they may
 * read the change (`mayRead`): nobody signs for what they cannot see. An admin may not, and so reviews nothing.
 *
 * @returns `new` when the review would count, `repeated` when this person has already signed it; or `missing_role`,
 * `channel_not_allowed`, `forbidden` for a machine, `self_review` (403); `review_not_owed`, `already_reviewed` (409)
 */
export function judgeReview(change: Change, person: Person): Judged<'new' | 'repeated'> {
  if (!person.roles.some((role) => reviewers.has(role))) {
    return new CountersignError(
      'missing_role',
      'a review needs one of the roles approver, auditor, operator',
    );
  }
  if (channelOf(person) !== null) {
    return new CountersignError('channel_not_allowed', 'a review is signed with a token of one’s own');
  }
  if (isMachine(person)) return new CountersignError('forbidden', 'a review is signed by a person');
  if (askedFor(change.requester, person)) {
    return new CountersignError('self_review', 'who asked for a change may not review it');
  }
  if (change.decisions.some((d) => samePerson(d.person, person))) {
    return new CountersignError('self_review', 'who decided a change may not review it');
  }
  if (change.reviewStatus === 'signed') {
    if (change.review && samePerson(change.review.person, person)) return 'repeated';
    return new CountersignError(
      'already_reviewed',
      `the review was signed by ${change.review?.person.name ?? 'another'}`,
    );
  }
  if (change.reviewStatus !== 'owed' || change.closedAt === null) {
    return new CountersignError(
      'review_not_owed',
      change.closedAt === null ? 'the change has not ended yet' : 'the change owes no review',
    );
  }
  return 'new';
}
