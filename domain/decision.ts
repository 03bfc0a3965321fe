import { judgeAuthentication } from './authentication.ts';
import type { Decision, MissingSeats } from './change.ts';
import { CountersignError } from './error.ts';
import type { Person, PersonId } from './person.ts';
import { askedFor, samePerson } from './person.ts';
import type { PinnedPolicy, SeatGroup } from './policy.ts';
import type { DecisionStatus } from './status.ts';

/** What the rule looks at of a change. */
export interface Decidable {
  readonly requester: PersonId & Pick<Person, 'issuedBy'>;
  readonly policy: PinnedPolicy;
  readonly decisionStatus: DecisionStatus;
  readonly digest: string | null;
  readonly round: number;
  readonly decideBy: string;
  readonly decisions: readonly Decision[];
}

/** The decision that somebody wants to make. */
export interface WantedDecision {
  readonly decision: 'approve' | 'reject';
  readonly digest: string;
  readonly person: Person;
}

/**
 * Who may decide what, when: the one rule, asked by the API before it bothers the workflow and by the workflow, in its
 * own time, before it accepts.
 *
 * @param now - milliseconds since the epoch
 * @returns `new` when the decision would count, `repeated` when this person has already decided just so
 * @throws CountersignError `self_approval`, `missing_role`, `not_an_approver`, `stronger_authentication_needed` (403); `already_decided`,
 * `not_awaiting_decision`, `decide_by_passed` (409); `digest_mismatch` (412)
 */
export function judgeDecision(change: Decidable, wanted: WantedDecision, now: number): 'new' | 'repeated' {
  if (askedFor(change.requester, wanted.person)) {
    throw new CountersignError('self_approval', 'who asked for a change may not decide it');
  }
  if (!wanted.person.roles.includes('approver')) {
    throw new CountersignError('missing_role', 'a decision needs the role approver');
  }
  const own = change.decisions.find((d) => d.counts && samePerson(d.person, wanted.person));
  if (own?.decision === wanted.decision && own.digest === wanted.digest) return 'repeated';
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
  const stage = openStage(change);
  const mayFill = ({ group }: SeatGroup) => group === null || wanted.person.groups.includes(group);
  if (stage && !stage.groups.some(mayFill)) {
    const awaited = stage.groups.map(({ group }) => group).join(', ');
    throw new CountersignError('not_an_approver', `stage ${stage.name} awaits a member of: ${awaited}`);
  }
  judgeAuthentication(wanted.person.authentication, change.policy.authentication, now);
  return 'new';
}

/** What a set of decisions amounts to: rejected by any reject, approved once no seat is missing. */
export function decisionOutcome(
  change: Pick<Decidable, 'policy' | 'decisions' | 'round'>,
): 'pending' | 'approved' | 'rejected' {
  const counted = change.decisions.filter((d) => d.counts && d.round === change.round);
  if (counted.some((d) => d.decision === 'reject')) return 'rejected';
  return change.policy.stages.length > 0 && missingSeats(change).length === 0 ? 'approved' : 'pending';
}

/** The seats that are still free, stage by stage; distinct people fill them in the order in which they decided. */
export function missingSeats(change: Pick<Decidable, 'policy' | 'decisions' | 'round'>): MissingSeats[] {
  const approvals = distinct(
    change.decisions.filter((d) => d.counts && d.round === change.round && d.decision === 'approve'),
  );
  let next = 0;
  const missing: MissingSeats[] = [];
  for (const stage of change.policy.stages) {
    for (const { group, threshold } of stage.groups) {
      let free = Math.max(1, threshold);
      while (free > 0 && missing.length === 0 && next < approvals.length) {
        const person = approvals[next++]?.person;
        if (group === null || person?.groups.includes(group)) free -= 1;
      }
      if (free > 0) missing.push({ stage: stage.name, group, seats: free });
    }
  }
  return missing;
}

function openStage(change: Pick<Decidable, 'policy' | 'decisions' | 'round'>) {
  const first = missingSeats(change)[0];
  return first && change.policy.stages.find((s) => s.name === first.stage);
}

function distinct(decisions: readonly Decision[]): Decision[] {
  return decisions.filter((d, i) => decisions.findIndex((e) => samePerson(d.person, e.person)) === i);
}
