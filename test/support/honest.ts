import { createHash } from 'node:crypto';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { policyDigest } from '../../domain/policy-digest.ts';

/** SHA-256 of a text, lower-case hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A policy with the digest of what it says. */
export function honest(policy: PinnedPolicy): PinnedPolicy {
  return { ...policy, digest: policyDigest(policy, sha256) };
}
