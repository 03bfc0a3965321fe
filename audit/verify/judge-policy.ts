import { hash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { hasOwnDigest } from '../../domain/policy-digest.ts';
import { isPolicy } from './change-record.ts';
import type { KnownPolicy } from './change-record.ts';
import { objectOf, stringOf } from './fields.ts';
import type { Findings } from './finding.ts';
import { policyFault, unknownMembers } from './policy-shape.ts';
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

/** Of so many members that are not known the paths are told. */
const mostUnknown = 10;

/**
 * The policies that entries have: each has the digest of what it says, and stands once. One that has not is known all the
 * same, by the digest that it claims, so that the changes under it are followed and it is reported once.
 */
export function judgePolicies(findings: Findings) {
  const known = new Map<string, KnownPolicy>();
  const unknown = new Set<string>();
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
      const fault = policyFault(policy);
      if (fault !== null) {
        const message = `no file comes to policy ${policy.name}: ${fault}`;
        findings.add('illogical', message, { index, code: 'policy_contradictory' satisfies Illogical });
      }
      if (unknown.size < mostUnknown)
        for (const path of unknownMembers(policy, mostUnknown)) unknown.add(path);
      if (known.has(digest)) {
        const message = `policy ${policy.name} has an entry before`;
        findings.add('illogical', message, { index, code: 'policy_pinned_twice' satisfies Illogical });
      } else known.set(digest, { policy, json });
    },
    get: (digest: string | null): KnownPolicy | undefined => known.get(digest ?? ''),
    /** Members of policies whose rules are not known, by their paths; of many the first. */
    unknown: (): readonly string[] => [...unknown].slice(0, mostUnknown),
  };
}
