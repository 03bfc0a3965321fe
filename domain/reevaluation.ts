import type { Change, Decision, MissingSeats } from './change.ts';
import { superseded } from './decisions.ts';
import { directoryOf } from './membership.ts';
import type { DirectoryMembership, PersonId } from './person.ts';
import { samePerson } from './person.ts';
import { hasRight, progressOf } from './progress.ts';

/** What is left of a change's approvals once it is known who has left since. */
export interface Reevaluation {
  /** Every decision, those of people who have lost their right no longer counting. */
  readonly decisions: readonly Decision[];
  /** Whose approvals no longer count. */
  readonly lapsed: readonly PersonId[];
  /** Whose approvals count under fewer groups of the directory than before, and under which. */
  readonly narrowed: readonly Narrowed[];
  /** Who has to approve in their place; nobody when the others fill all seats. The thresholds are those of before. */
  readonly missing: readonly MissingSeats[];
}

/** Somebody whose approval counts under what is left of the directory's groups: theirs, and those of whom they represent. */
export interface Narrowed extends PersonId {
  readonly directory: readonly DirectoryMembership[];
}

/** A decision under those of its groups that the directory still has. A right that came later is none that it was given under. */
export function narrowed(decision: Decision, today: readonly DirectoryMembership[]): Decision {
  const { directory } = decision;
  if (directory === undefined) return decision;
  const kept = directory.map((then) => {
    const now = today.find((m) => samePerson(m, then))?.groups ?? [];
    return { ...then, groups: then.groups.filter((group) => now.includes(group)) };
  });
  const isSame = kept.every(({ groups }, i) => groups.length === directory[i]?.groups.length);
  return isSame ? decision : { ...decision, directory: kept };
}

/**
 * Whether the approvals still hold, asked right before the call: groups of the directory are looked up again, those
 * that the policy lists stand as pinned, and of a token's groups nothing newer is known than what it said.
 *
 * @param groupsIn - the groups of the directory that list a person now
 */
export function reevaluate(change: Change, groupsIn: (person: PersonId) => readonly string[]): Reevaluation {
  const today = change.decisions.map((d) =>
    d.decision === 'approve' && d.counts && d.directory !== undefined
      ? narrowed(d, directoryOf(change, d.person, d.at, groupsIn))
      : d,
  );
  const isLapsed = (d: Decision) => d.decision === 'approve' && d.counts && !hasRight(change, d);
  const decisions = today.map((d) => (isLapsed(d) ? superseded(d) : d));
  return {
    decisions,
    lapsed: today.filter(isLapsed).map(({ person }) => idOf(person)),
    narrowed: decisions
      .filter((d, i) => d.counts && d !== change.decisions[i])
      .map(({ person, directory = [] }) => ({ ...idOf(person), directory })),
    missing: progressOf({ ...change, decisions }).missing,
  };
}

function idOf({ issuer, subject }: PersonId): PersonId {
  return { issuer, subject };
}
