import { judgeAuthentication } from './authentication.ts';
import type { Change, Decision, MissingSeats } from './change.ts';
import { CountersignError } from './error.ts';
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

/**
 * Who may decide what, when: the one rule, asked by the API before it bothers the workflow and by the workflow, in its
 * own time, before it accepts.
 *
 * @param now - milliseconds since the epoch
 * @returns `new` when the decision would count, `repeated` when this person has already decided just so
 * @throws CountersignError `self_approval`, `missing_role`, `not_an_approver`, `stronger_authentication_needed` (403);
 * `already_decided`, `not_awaiting_decision`, `decide_by_passed`, `too_many_changes_of_mind` (409); `digest_mismatch` (412); `comment_required` (422)
 */
export function judgeDecision(
  change: DecisionFacts,
  wanted: WantedDecision,
  now: number,
): 'new' | 'repeated' {
  const { person } = wanted;
  const deciding = { person, at: isoTime(now), ...(wanted.directory ? { directory: wanted.directory } : {}) };
  const own = change.decisions.find((d) => d.counts && samePerson(d.person, person));
  // It was judged when it was made. What has become of its author's rights since, a repeat neither uses nor changes.
  if (own?.decision === wanted.decision && own.digest === wanted.digest) return 'repeated';
  if (askedFor(change.requester, person)) {
    throw new CountersignError('self_approval', 'who asked for a change may not decide it');
  }
  if (actsForRequester(change, deciding)) {
    throw new CountersignError('self_approval', 'who acts for the requester of a change may not decide it');
  }
  if (!person.roles.includes('approver')) {
    throw new CountersignError('missing_role', 'a decision needs the role approver');
  }
  if (change.decisionStatus !== 'pending') {
    throw new CountersignError(
      'already_decided',
      `the change is ${change.decisionStatus}; it awaits no decision`,
    );
  }
  if (change.digest === null) {
    throw new CountersignError(
      'not_awaiting_decision',
      'the target has not been read yet; there is no digest to decide on',
    );
  }
  if (now >= Date.parse(change.decideBy)) {
    throw new CountersignError('decide_by_passed', `no decision was possible after ${change.decideBy}`);
  }
  if (wanted.digest !== change.digest) {
    throw new CountersignError(
      'digest_mismatch',
      `the decision is for digest ${wanted.digest}, round ${change.round} has ${change.digest}`,
    );
  }
  if (own) {
    throw new CountersignError('already_decided', `this person has already decided: ${own.decision}`);
  }
  judgeChangesOfMind(change, person);
  if (!isAwaited(change, deciding)) {
    const { open, missing } = progressOf(change);
    const awaited = missing.filter(({ stage }) => stage === open).map(({ group }) => group);
    throw new CountersignError('not_an_approver', `stage ${open} awaits a member of: ${awaited.join(', ')}`);
  }
  judgeAuthentication(person.authentication, change.policy.authentication, now);
  judgeComment(change.policy.commentRequired, wanted);
  return 'new';
}

/** Without a limit one person's changes of mind would fill what Temporal keeps of a change, which would end it. */
function judgeChangesOfMind({ decisions }: DecisionFacts, person: Person): void {
  const takenBack = decisions.find((d) => samePerson(d.person, person))?.takenBack ?? 0;
  if (takenBack < mostTakenBack) return;
  throw new CountersignError(
    'too_many_changes_of_mind',
    `this person has taken back ${takenBack} decisions of the change and makes no further one`,
  );
}

function judgeComment(
  required: Change['policy']['commentRequired'],
  { decision, comment }: WantedDecision,
): void {
  const needed = required === 'always' || (required === 'reject' && decision === 'reject');
  if (!needed || comment.trim() !== '') return;
  throw new CountersignError('comment_required', `the policy asks for a comment with this ${decision}`, {
    errors: [{ field: 'comment', rule: 'required', message: 'the policy asks for one' }],
  });
}

/**
 * Whether somebody's decision is awaited: it would be accepted now, or once they have logged in as the policy asks. What
 * `awaiting=me` lists and a change tells its reader.
 *
 * @param directory - what the directory says of them now
 * @param now - milliseconds since the epoch
 */
export function awaitsDecisionOf(
  change: DecisionFacts,
  person: Person,
  directory: readonly DirectoryMembership[],
  now: number,
): boolean {
  const wanted = {
    decision: 'approve',
    digest: change.digest ?? '',
    person,
    comment: '-',
    directory,
  } as const;
  try {
    return judgeDecision(change, wanted, now) === 'new';
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    return error.code === 'stronger_authentication_needed';
  }
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
 * Whether somebody may take their decision back: as long as the stage in which they made it is open.
 *
 * @param now - milliseconds since the epoch
 * @throws CountersignError `missing_role` (403); `nothing_decided`, `stage_resolved`, `decide_by_passed` (409)
 */
export function judgeTakeBack(change: DecisionFacts, person: Person, now: number): void {
  if (!person.roles.includes('approver')) {
    throw new CountersignError('missing_role', 'a decision needs the role approver');
  }
  const own = change.decisions.find(
    (d) => d.counts && d.round === change.round && samePerson(d.person, person),
  );
  if (!own) throw new CountersignError('nothing_decided', 'there is no decision of this person to take back');
  if (change.decisionStatus !== 'pending') {
    throw new CountersignError('stage_resolved', `the change is ${change.decisionStatus}`);
  }
  if (own.stage !== progressOf(change).open) {
    throw new CountersignError('stage_resolved', `stage ${own.stage}, in which it was made, is complete`);
  }
  if (now >= Date.parse(change.decideBy)) {
    throw new CountersignError('decide_by_passed', `decide-by has passed: ${change.decideBy}`);
  }
}

/** What a set of decisions amounts to; see {@link progressOf}. */
export function decisionOutcome(change: ApprovalFacts): 'pending' | 'approved' | 'rejected' {
  return progressOf(change).outcome;
}

/** The seats that are still free, stage by stage. */
export function missingSeats(change: ApprovalFacts): readonly MissingSeats[] {
  return progressOf(change).missing;
}
