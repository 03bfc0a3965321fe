import { ApplicationFailure } from '@temporalio/common';
import type { Change } from '../domain/change.ts';
import { hasOwnDigest } from '../domain/policy-digest.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { sha256 } from './digest.ts';

/**
 * Nothing is opened, recorded or called under a policy whose digest is not that of what it says: it would be known, and
 * revoked, as another one.
 *
 * @throws ApplicationFailure `policy_digest_differs`, for good
 */
export function assertPolicy(
  { alarm }: Pick<ActivityDependencies, 'alarm'>,
  { id, policy }: Pick<Change, 'id' | 'policy'>,
): void {
  if (hasOwnDigest(policy, sha256)) return;
  const { name, version, digest } = policy;
  const message = `policy ${name}, version ${version} does not have the digest that it is pinned under`;
  alarm?.('policy_digest_differs', message, { changeId: id, digest });
  throw ApplicationFailure.nonRetryable(message, 'policy_digest_differs');
}
