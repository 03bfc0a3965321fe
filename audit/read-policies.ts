import type { EntryBody } from '../domain/entry.ts';
import { policiesIn, policyDigestIn, policyKey } from '../domain/policy-entry.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
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

/** Most policies that are remembered: at most 16 KiB each. */
const mostKnown = 256;

/** As {@link readPolicies}, and remembers them: a log has each policy once, and as it was. */
export function rememberPolicies(db: Queryable): (bodies: readonly EntryBody[]) => Promise<PolicyOf> {
  const known = new Map<string, PinnedPolicy>();
  return async (bodies) => {
    const digests = bodies.flatMap((body) =>
      body.type === 'change.requested' ? (policyDigestIn(body) ?? []) : [],
    );
    if (digests.every((digest) => known.has(digest))) {
      const theirs = new Map(digests.map((digest) => [digest, known.get(digest)]));
      return (digest) => theirs.get(digest);
    }
    const found = await readPolicies(db, bodies);
    // Whoever asked before holds what they were given.
    if (known.size >= mostKnown) known.clear();
    for (const digest of digests) {
      const policy = found(digest);
      if (policy) known.set(digest, policy);
    }
    return found;
  };
}
