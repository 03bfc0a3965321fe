import { windowsAt } from '../calendar/window.ts';
import { globCovers, globMatches } from '../domain/glob.ts';
import { isMember } from '../domain/membership.ts';
import type { Person } from '../domain/person.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import type { Target } from '../domain/target.ts';
import { unmetMember } from '../domain/target-scope.ts';
import type { Directory } from './directory.ts';
import type { WrittenMatch } from './document.ts';

/** Which changes a policy is for; all that is said has to hold. Short forms stand in `scope`. */
export type Match = Omit<WrittenMatch, 'region' | 'instance'>;

/** A policy and the changes that it is for. */
export interface PolicyRule {
  readonly policy: PinnedPolicy;
  readonly match: Match;
}

/** The members of a change that choose its policy. */
export interface ChangeFacts {
  readonly operation: string;
  readonly target: Target;
  readonly requester: Person;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Which condition a change does not meet; of a scope also which member: `scope.regionId`. */
export type Mismatch = Exclude<keyof Match, 'scope'> | `scope.${string}`;

/** The first condition of a policy that a change does not meet, or null when it is for this change. */
export function mismatch(
  { policy, match }: PolicyRule,
  facts: ChangeFacts,
  directory: Directory,
): Mismatch | null {
  const { operation, scope, requesterGroup, time } = match;
  if (operation && !operation.some((pattern) => globMatches(pattern, facts.operation))) return 'operation';
  const unmet = unmetMember(scope ?? {}, facts.target.scope);
  if (unmet !== null) return `scope.${unmet}`;
  const { requester } = facts;
  const listed = directory.groupsIn(requester);
  if (requesterGroup && !requesterGroup.some((group) => isMember(policy, group, requester, listed))) {
    return 'requesterGroup';
  }
  if (time && !windowsAt(time, facts.now).open) return 'time';
  return null;
}

/**
 * Whether a policy is for a change only if its requester is in a group that nothing but their token tells: all else that it
 * asks for holds, and no list has them in any of its groups.
 */
export function hangsOnToken(rule: PolicyRule, facts: ChangeFacts, directory: Directory): boolean {
  const { requesterGroup, ...others } = rule.match;
  const { groups } = rule.policy;
  const isListed = (group: string) => Object.hasOwn(groups, group) && groups[group]?.source !== 'token';
  return (
    mismatch(rule, facts, directory) === 'requesterGroup' &&
    mismatch({ ...rule, match: others }, facts, directory) === null &&
    requesterGroup?.every(isListed) === false
  );
}

/** A change's policy: the first one that is for it; null when none is, and the change is refused. */
export function matchPolicy(
  rules: readonly PolicyRule[],
  facts: ChangeFacts,
  directory: Directory,
): PinnedPolicy | null {
  return rules.find((rule) => mismatch(rule, facts, directory) === null)?.policy ?? null;
}

/** Whether no change reaches a policy because an earlier one takes them all. Finds only the plain cases. */
export function covers(earlier: Match, later: Match): boolean {
  const patterns = (wide: readonly string[] | undefined, narrow: readonly string[] | undefined) =>
    wide === undefined ||
    (narrow === undefined
      ? wide.some((w) => globCovers(w, '*'))
      : narrow.every((n) => wide.some((w) => globCovers(w, n))));
  const groups =
    earlier.requesterGroup === undefined ||
    later.requesterGroup?.every((group) => earlier.requesterGroup?.includes(group)) === true;
  const times =
    earlier.time === undefined ||
    later.time?.every((window) => earlier.time?.some((w) => JSON.stringify(w) === JSON.stringify(window))) ===
      true;
  return (
    patterns(earlier.operation, later.operation) &&
    Object.entries(earlier.scope ?? {}).every(([name, wide]) => {
      // A target may lack a member that only the earlier policy asks for; then the earlier policy is not for it.
      const narrow = later.scope && Object.hasOwn(later.scope, name) ? later.scope[name] : undefined;
      return narrow !== undefined && patterns(wide, narrow);
    }) &&
    groups &&
    times
  );
}
