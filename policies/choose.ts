import { refusalOfBreakGlass } from '../domain/break-glass.ts';
import type { ChangeRequest } from '../domain/change.ts';
import { allowed, CountersignError } from '../domain/error.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import { satisfiability } from '../domain/satisfiability.ts';
import { isoTime } from '../domain/time.ts';
import type { PolicySet, PolicySource } from './load.ts';
import { hangsOnToken, matchPolicy, mismatch } from './match.ts';

/** The members of a request that choose its policy and decide whether that policy lets it begin. */
export type PolicyQuestion = Pick<
  ChangeRequest,
  'operation' | 'target' | 'requester' | 'breakGlass' | 'justification'
>;

/**
 * The policy that a new change pins: the first that is for it, and whose people could approve it.
 *
 * @param now - milliseconds since the epoch
 * @throws CountersignError `no_policy`, `break_glass_not_allowed` (403); `policy_unsatisfiable`
 * (409) naming who is missing
 */
export function choosePolicy(set: PolicySet, asked: PolicyQuestion, now: number): PinnedPolicy {
  const policy = policyOf(set, asked, now);
  assertSatisfiable(set, policy, asked, now);
  return policy;
}

/** The choice of a policy by a worker, which knows what the API signed of a requester, or only who the requester is. */
export interface PolicyChoice {
  /**
   * The policy of what a person asked the API for, with the groups of their token.
   *
   * @param at - milliseconds since the epoch
   * @throws CountersignError `no_policy`, `break_glass_not_allowed` (403)
   */
  forPerson(asked: PolicyQuestion, at: number): PinnedPolicy;
  /**
   * The policy of what a host's workflow asks for in somebody's name, of whom no token is here.
   *
   * @param at - milliseconds since the epoch
   * @throws CountersignError `no_policy`, `token_needed` (403) where a token decides which policy it is;
   * `policy_unsatisfiable` (409)
   */
  forHost(asked: PolicyQuestion, at: number): PinnedPolicy;
}

/** A worker's choice among the policies that hold when it is asked. */
export function policyChoice(source: PolicySource): PolicyChoice {
  return {
    forPerson: (asked, at) => policyOf(source.current(), asked, at),
    forHost(asked, at) {
      const set = source.current();
      const { requester } = asked;
      // The groups that a host gives its requester do not count: nobody has verified them.
      const facts = { ...asked, requester: { ...requester, groups: [] }, now: at };
      for (const rule of set.rules) {
        if (mismatch(rule, facts, set.directory) === null) break;
        if (hangsOnToken(rule, facts, set.directory)) {
          throw new CountersignError(
            'token_needed',
            `whether policy ${rule.policy.name} is for this depends on groups in the requester's token; ask by the API`,
          );
        }
      }
      return choosePolicy(set, { ...facts, breakGlass: false }, at);
    },
  };
}

function policyOf({ rules, directory }: PolicySet, asked: PolicyQuestion, now: number): PinnedPolicy {
  const { operation, target, requester, breakGlass, justification } = asked;
  const policy = matchPolicy(rules, { operation, target, requester, now }, directory);
  if (policy === null) throw new CountersignError('no_policy', `no policy is for this ${operation}`);
  if (breakGlass) {
    allowed(refusalOfBreakGlass(policy, requester, justification, directory.groupsIn(requester)));
  }
  return policy;
}

function assertSatisfiable(
  { directory, issuer = null }: PolicySet,
  policy: PinnedPolicy,
  { requester, breakGlass }: PolicyQuestion,
  now: number,
): void {
  const submittedAt = isoTime(now);
  const { verdict, missing } = satisfiability(
    { policy, requester, breakGlass, submittedAt, decisions: [], round: 1, escalatedAt: null },
    (group) => directory.members(group) ?? [],
    submittedAt,
    issuer,
  );
  if (verdict !== 'unsatisfiable') return;
  const errors = missing.map(({ stage, group, seats }) => ({
    field: 'policy',
    rule: 'satisfiable',
    message: `stage ${stage}: ${seats} more of ${group ?? 'any approver'}`,
  }));
  const { name, version } = policy;
  throw new CountersignError(
    'policy_unsatisfiable',
    `nobody could approve this under policy ${name}, version ${version}: ${errors.map((e) => e.message).join('; ')}`,
    { errors },
  );
}
