import type { Change } from './change.ts';
import { CountersignError } from './error.ts';
import { groupsUnder } from './membership.ts';
import type { Person } from './person.ts';
import type { PinnedPolicy } from './policy.ts';

/**
 * Why somebody may not break the glass under a policy; null when they may: somebody of the groups it names, with a
 * justification that begins with one of its reasons where it lists any.
 *
 * @param directory - the groups of the directory that list the person
 * @returns null, or `break_glass_not_allowed` (403)
 */
export function refusalOfBreakGlass(
  policy: PinnedPolicy,
  person: Person,
  justification: string,
  directory: readonly string[] = [],
): CountersignError | null {
  const rule = policy.breakGlass;
  if (rule === null) return refusal(`policy ${policy.name} allows no break-glass`);
  const groups = groupsUnder(policy, person, person.groups, directory);
  if (!rule.groups.some((group) => groups.includes(group))) {
    return refusal(`a break-glass needs a member of: ${rule.groups.join(', ')}`);
  }
  const said = justification.trim().toLowerCase();
  if (rule.reasons?.length && !rule.reasons.some((reason) => said.startsWith(reason.toLowerCase()))) {
    return refusal(`the justification has to begin with one of: ${rule.reasons.join(', ')}`);
  }
  return null;
}

/** Whether a change keeps whoever asked for it from another break-glass: it is open, or its review is owed. */
export function isGlassBroken({
  breakGlass,
  closedAt,
  reviewStatus,
}: Pick<Change, 'breakGlass' | 'closedAt' | 'reviewStatus'>): boolean {
  return breakGlass && (closedAt === null || reviewStatus === 'owed');
}

function refusal(message: string): CountersignError {
  return new CountersignError('break_glass_not_allowed', message);
}
