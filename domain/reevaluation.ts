import type { Change, Decision, MissingSeats } from './change.ts';
import { directoryOf } from './membership.ts';
import type { PersonId } from './person.ts';
import { samePerson } from './person.ts';
import { hasRight, progressOf } from './progress.ts';

/** What is left of a change's approvals once it is known who has left since. */
export interface Reevaluation {
  /** Every decision, those of people who have lost their right no longer counting. */
  readonly decisions: readonly Decision[];
  /** Whose approvals no longer count. */
  readonly lapsed: readonly PersonId[];
  /** Who has to approve in their place; nobody when the others fill all seats. The thresholds are those of before. */
  readonly missing: readonly MissingSeats[];
}

/**
 * Whether the approvals still hold, asked right before the call: groups of the directory are looked up again, those
 * that the policy lists stand as pinned, and of a token's groups nothing newer is known than what it said.
 *
 * @param groupsIn - the groups of the directory that list a person now
 */
export function reevaluate(change: Change, groupsIn: (person: PersonId) => readonly string[]): Reevaluation {
  const now = change.decisions.map((d): Decision => {
    if (d.decision !== 'approve' || !d.counts || d.directory === undefined) return d;
    const today = directoryOf(change, d.person, d.at, groupsIn);
    // A right that came later is none that the approval was given under.
    const kept = today.map((m) => {
      const then = d.directory?.find((was) => samePerson(was, m))?.groups ?? [];
      return { ...m, groups: m.groups.filter((group) => then.includes(group)) };
    });
    return { ...d, directory: kept };
  });
  const isLapsed = (d: Decision) => d.decision === 'approve' && d.counts && !hasRight(change, d);
  const decisions = now.map((d) => (isLapsed(d) ? { ...d, counts: false } : d));
  return {
    decisions,
    lapsed: now.filter(isLapsed).map(({ person: { issuer, subject } }) => ({ issuer, subject })),
    missing: progressOf({ ...change, decisions }).missing,
  };
}
