import { refusalOfAuthentication } from './authentication.ts';
import { channelOf, refusalOfChannel } from './channel.ts';
import type { Change, Decision, MissingSeats } from './change.ts';
import { CountersignError } from './error.ts';
import type { Judged } from './error.ts';
import { actsForRequester } from './membership.ts';
import type { DirectoryMembership, Person } from './person.ts';
import { askedFor, samePerson } from './person.ts';
import { isAwaited, progressOf } from './progress.ts';
import type { ApprovalFacts } from './progress.ts';
import { isoTime } from './time.ts';

/** How often one person may take back a decision of a change; after that they make no further one. */
export const mostTakenBack = 5;

/** The facts of a change that say whether a decision on it may be made. */
export type DecisionFacts = ApprovalFacts & Pick<Change, 'decisionStatus' | 'digest' | 'decideBy'>;

/** The decision that somebody wants to make. */
export interface WantedDecision {
  readonly decision: 'approve' | 'reject';
  readonly digest: string;
  readonly person: Person;
  readonly comment: string;
  /** What the directory says of them now; absent where the policy asks no directory. */
  readonly directory?: readonly DirectoryMembership[];
}

/** Somebody who may be about to decide. */
export type Decider = Pick<WantedDecision, 'person' | 'directory'>;

/**
 * Why somebody may decide nothing of a change now, whatever their decision would be; null when they may. How strongly they
 * were authenticated is not asked: who logs in again may, see {@link judgeDecision}.
 *
 * @param now - milliseconds since the epoch
 * @returns null, or `self_approval`, `channel_not_allowed`, `missing_role`, `not_an_approver` (403); `already_decided`,
 * `not_awaiting_decision`, `decide_by_passed`, `too_many_changes_of_mind` (409)
 */
export function refusalToDecide(
  change: DecisionFacts,
  { person, directory }: Decider,
  now: number,
): CountersignError | null {
  const deciding = { person, at: isoTime(now), ...(directory ? { directory } : {}) };
  if (askedFor(change.requester, person)) {
    return new CountersignError('self_approval', 'who asked for a change may not decide it');
  }
  if (actsForRequester(change, deciding)) {
    return new CountersignError('self_approval', 'who acts for the requester of a change may not decide it');
  }
  const outside = refusalOfChannel(change.policy, person, null);
  if (outside) return outside;
  if (!person.roles.includes('approver')) {
    return new CountersignError('missing_role', 'a decision needs the role approver');
  }
  if (change.decisionStatus !== 'pending') {
    return new CountersignError(
      'already_decided',
      `the change is ${change.decisionStatus}; it awaits no decision`,
    );
  }
  if (change.digest === null) {
    return new CountersignError(
      'not_awaiting_decision',
      'the target has not been read yet; there is no digest to decide on',
    );
  }
  if (now >= Date.parse(change.decideBy)) {
    return new CountersignError('decide_by_passed', `no decision was possible after ${change.decideBy}`);
  }
  const own = ownDecision(change, person);
  if (own) {
    return new CountersignError('already_decided', `this person has already decided: ${own.decision}`);
  }
  const takenBack = change.decisions.find((d) => samePerson(d.person, person))?.takenBack ?? 0;
  // Without a limit one person's changes of mind would fill what Temporal keeps of a change, which would end it.
  if (takenBack >= mostTakenBack) {
    return new CountersignError(
      'too_many_changes_of_mind',
      `this person has taken back ${takenBack} decisions of the change and makes no further one`,
    );
  }
  if (!isAwaited(change, deciding)) {
    const { open, missing } = progressOf(change);
    const awaited = missing.filter(({ stage }) => stage === open).map(({ group }) => group);
    return new CountersignError('not_an_approver', `stage ${open} awaits a member of: ${awaited.join(', ')}`);
  }
  return null;
}

/**
 * Who may decide what, when: the one rule, asked by the API before it bothers the workflow and by the workflow, in its
 * own time, before it accepts. Who may not decide at all is told so whatever the digest, as of any precondition
 * (RFC 9110 §13.2.1).
 *
 * @param now - milliseconds since the epoch
 * @returns `new` when the decision would count, `repeated` when this person has already decided just so; or a refusal of
 * {@link refusalToDecide}, `digest_mismatch` (412), `stronger_authentication_needed` (403), `comment_required` (422)
 */
export function judgeDecision(
  change: DecisionFacts,
  wanted: WantedDecision,
  now: number,
): Judged<'new' | 'repeated'> {
  const { person, decision, digest } = wanted;
  const own = ownDecision(change, person);
  // It was judged when it was made. What has become of its author's rights since, a repeat neither uses nor changes.
  if (own?.decision === decision && own.digest === digest) return 'repeated';
  const refusal = refusalToDecide(change, wanted, now);
  if (refusal) return refusal;
  if (digest !== change.digest) {
    return new CountersignError(
      'digest_mismatch',
      `the decision is for digest ${digest}, round ${change.round} has ${change.digest}`,
    );
  }
  return (
    refusalOfChannel(change.policy, person, decision) ??
    refusalOfAuthentication(person.authentication, change.policy.authentication, now) ??
    refusalOfComment(change.policy.commentRequired, wanted) ??
    'new'
  );
}

/** Somebody's decision that counts. */
function ownDecision({ decisions }: DecisionFacts, person: Person): Decision | undefined {
  return decisions.find((d) => d.counts && samePerson(d.person, person));
}

function refusalOfComment(
  required: Change['policy']['commentRequired'],
  { decision, comment }: WantedDecision,
): CountersignError | null {
  const needed = required === 'always' || (required === 'reject' && decision === 'reject');
  if (!needed || comment.trim() !== '') return null;
  return new CountersignError('comment_required', `the policy asks for a comment with this ${decision}`, {
    errors: [{ field: 'comment', rule: 'required', message: 'the policy asks for one' }],
  });
}

/** The decision that somebody just made, for {@link withDecision}. @param now - milliseconds since the epoch */
export function decisionOf(change: DecisionFacts, wanted: WantedDecision, now: number): Decision {
  const { decision, comment, person, digest, directory } = wanted;
  return {
    decision,
    comment,
    person,
    digest,
    round: change.round,
    stage: progressOf(change).open ?? '',
    at: isoTime(now),
    counts: true,
    ...(directory ? { directory } : {}),
  };
}

/**
 * Why somebody may not take their decision back; null when they may: as long as the stage in which they made it is open.
 *
 * @param now - milliseconds since the epoch
 * @returns null, or `channel_not_allowed`, `missing_role` (403); `nothing_decided`, `stage_resolved`, `decide_by_passed` (409)
 */
export function refusalToTakeBack(
  change: DecisionFacts,
  person: Person,
  now: number,
): CountersignError | null {
  if (channelOf(person) !== null) {
    return new CountersignError('channel_not_allowed', 'a decision is taken back with a token of one’s own');
  }
  if (!person.roles.includes('approver')) {
    return new CountersignError('missing_role', 'a decision needs the role approver');
  }
  const own = change.decisions.find(
    (d) => d.counts && d.round === change.round && samePerson(d.person, person),
  );
  if (!own)
    return new CountersignError('nothing_decided', 'there is no decision of this person to take back');
  if (change.decisionStatus !== 'pending') {
    return new CountersignError('stage_resolved', `the change is ${change.decisionStatus}`);
  }
  if (own.stage !== progressOf(change).open) {
    return new CountersignError('stage_resolved', `stage ${own.stage}, in which it was made, is complete`);
  }
  if (now >= Date.parse(change.decideBy)) {
    return new CountersignError('decide_by_passed', `decide-by has passed: ${change.decideBy}`);
  }
  return null;
}

/** What a set of decisions amounts to; see {@link progressOf}. */
export function decisionOutcome(change: ApprovalFacts): 'pending' | 'approved' | 'rejected' {
  return progressOf(change).outcome;
}

/** The seats that are still free, stage by stage. */
export function missingSeats(change: ApprovalFacts): readonly MissingSeats[] {
  return progressOf(change).missing;
}
