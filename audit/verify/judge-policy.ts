import { hash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { hasOwnDigest } from '../../domain/policy-digest.ts';
import { isPolicy } from './change-record.ts';
import type { KnownPolicy } from './change-record.ts';
import { objectOf, stringOf } from './fields.ts';
import type { Findings } from './finding.ts';
import type { Illogical } from './problem.ts';

/** Which policy an entry says that its change is under; its digest is null where it names none. */
export function policyNamedIn(body: EntryBody) {
  const { name, version, digest } = objectOf(body.policy);
  return {
    name: stringOf(name ?? null),
    version: stringOf(version ?? null),
    digest: stringOf(digest ?? null),
  };
}

/**
 * The policies that entries have: each has the digest of what it says, and stands once. One that has not is known all the
 * same, by the digest that it claims, so that the changes under it are followed and it is reported once.
 */
export function judgePolicies(findings: Findings) {
  const known = new Map<string, KnownPolicy>();
  return {
    add(index: number, { pinnedPolicy: policy }: EntryBody, policyJson: string | null): void {
      const digest = stringOf(objectOf(policy).digest);
      if (digest === null || !isPolicy(policy)) {
        findings.add('malformed', 'cannot be understood: it has no policy', { index });
        return;
      }
      const json = policyJson ?? canonicalJson(policy);
      if (!hasOwnDigest(policy, (text) => hash('sha256', text))) {
        const message = `what policy ${policy.name} says does not have the digest that it is known by`;
        findings.add('illogical', message, { index, code: 'policy_differs' satisfies Illogical });
      }
      if (known.has(digest)) {
        const message = `policy ${policy.name} has an entry before`;
        findings.add('illogical', message, { index, code: 'policy_pinned_twice' satisfies Illogical });
      } else known.set(digest, { policy, json });
    },
    get: (digest: string | null): KnownPolicy | undefined => known.get(digest ?? ''),
  };
}
