import type { EntryBody } from '../domain/entry.ts';
import { policiesIn, policyDigestIn, policyKey } from '../domain/policy-entry.ts';
import type { PolicyOf } from '../domain/policy-entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { listByKeys } from './list-by-keys.ts';

/**
 * The policies under which changes were asked for, of whose entries these are some.
 * @throws CountersignError `log_unavailable`
 */
export async function readPolicies(db: Queryable, bodies: readonly EntryBody[]): Promise<PolicyOf> {
  const requested = bodies.filter(({ type }) => type === 'change.requested');
  const digests = new Set(requested.map((body) => policyDigestIn(body) ?? ''));
  if (digests.size === 0) return () => undefined;
  return policiesIn(await listByKeys(db, [...digests].map(policyKey)));
}
