import { judgeBreakGlass } from '../domain/break-glass.ts';
import { CountersignError } from '../domain/error.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import { satisfiability } from '../domain/satisfiability.ts';
import { isoTime } from '../domain/time.ts';
import type { PolicySet } from '../policies/load.ts';
import { matchPolicy } from '../policies/match.ts';
import type { AskedChange } from './submission.ts';

/**
 * The policy that a new change pins: the first that is for it, and whose people could approve it.
 *
 * @param now - milliseconds since the epoch
 * @throws CountersignError `no_policy`, `break_glass_not_allowed` (403); `policy_unsatisfiable`
 * (409) naming who is missing
 */
export function choosePolicy(
  { rules, directory, issuer = null }: PolicySet,
  asked: AskedChange,
  now: number,
): PinnedPolicy {
  const { operation, input, requester, breakGlass, justification } = asked;
  const policy = matchPolicy(rules, { operation, input, requester, now }, directory);
  if (policy === null) throw new CountersignError('no_policy', `no policy is for this ${operation}`);
  if (breakGlass) judgeBreakGlass(policy, requester, justification, directory.groupsIn(requester));
  const submittedAt = isoTime(now);
  const { verdict, missing } = satisfiability(
    { policy, requester, breakGlass, submittedAt, decisions: [], round: 1, escalatedAt: null },
    (group) => directory.members(group) ?? [],
    submittedAt,
    issuer,
  );
  if (verdict !== 'unsatisfiable') return policy;
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
