import { refusalOfBreakGlass } from '../../domain/break-glass.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { mayRead } from '../../domain/reading.ts';
import type { Statement } from '../../domain/statement.ts';
import type { ChangeRecord } from './change-record.ts';
import type { LogFacts } from './log-facts.ts';
import type { Report } from './problem.ts';

/*
 * Whom the directory lists in which group is in the log for decisions only. Here it is asked for the sake of nobody whom it might
 * have let by: what would be right with every group of the directory is no finding, and is counted as not proven.
 */

/** The glass is broken by somebody of the groups that the policy names for that, for a reason that it names. */
export function judgeGlassBreaker(facts: LogFacts, { whole, change }: ChangeRecord, report: Report): void {
  const { id, breakGlass, policy, requester, justification } = change;
  if (!whole || !breakGlass) return;
  if (!isTexts(requester.groups) || typeof justification !== 'string')
    throw new TypeError('without the members of a break-glass request');
  const refusal = (groups: readonly string[]) =>
    refusalOfBreakGlass(policy, requester, justification, groups);
  const why = refusal(allGroups(policy));
  if (why !== null) report('break_glass_not_allowed', `${why.code}: ${why.message}`);
  else if (refusal([]) !== null) facts.byDirectory.breakers.add(id);
}

/** A review is signed by somebody who may read the change; of an approver the policy says so. */
export function judgeReviewer(
  facts: LogFacts,
  { whole, change }: ChangeRecord,
  { person, at }: Statement,
  report: Report,
): void {
  if (!whole) return;
  if (!isTexts(person.roles) || !isTexts(person.groups))
    throw new TypeError('without the members of a review');
  const isReader = (groups: readonly string[]) => mayRead(change, person, () => groups, Date.parse(at));
  if (!isReader(allGroups(change.policy)))
    report('review_not_allowed', 'signed by somebody who may not read the change');
  else if (!isReader([])) facts.byDirectory.reviewers.add(change.id);
}

function allGroups({ groups }: PinnedPolicy): string[] {
  return Object.keys(groups);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
