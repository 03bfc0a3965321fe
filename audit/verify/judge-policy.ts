import { hash } from 'node:crypto';
import { appenderOfType } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { hasOwnDigest } from '../../domain/policy-digest.ts';
import { objectOf, stringOf } from './fields.ts';
import type { Report } from './problem.ts';

/** Which policy an entry says that its change is under; its digest is null where it names none. */
export function policyNamedIn(body: EntryBody) {
  const { name, version, digest } = objectOf(body.policy);
  return {
    name: stringOf(name ?? null),
    version: stringOf(version ?? null),
    digest: stringOf(digest ?? null),
  };
}

/** Whether an entry of the worker's names the policy that its change was asked for under. The API's tell what was stored. */
export function judgePolicyName(policy: PinnedPolicy, body: EntryBody, report: Report): void {
  if (appenderOfType[body.type] !== 'worker') return;
  const { name, version, digest } = policyNamedIn(body);
  if (name === policy.name && version === policy.version && digest === policy.digest) return;
  report('policy_differs', `${body.type} names another policy than the one that was asked for under`);
}

/** Most policies that are remembered; a log has few, under which many changes were asked for. */
const mostKnown = 100;
const known = new Map<string, boolean>();

/**
 * Whether a policy has the digest of what it says.
 * @param policyJson - its canonical JSON
 */
export function judgePolicyDigest(policy: PinnedPolicy, policyJson: string, report: Report): void {
  let isOwn = known.get(policyJson);
  if (isOwn === undefined) {
    isOwn = hasOwnDigest(policy, (text) => hash('sha256', text));
    if (known.size >= mostKnown) known.clear();
    known.set(policyJson, isOwn);
  }
  if (isOwn) return;
  report('policy_differs', `what policy ${policy.name} says does not have the digest that it is known by`);
}
