import { canonicalJson } from './canonical-json.ts';
import { CountersignError } from './error.ts';
import type { PinnedPolicy } from './policy.ts';

/**
 * Whether a pinned policy has the digest of what it says: SHA-256, in lower-case hex, of the canonical JSON (RFC 8785) of
 * its other members. Whoever relies on a policy asks this. Otherwise the name, version and digest of one policy could
 * stand over the rules of another, and an invented digest could not be revoked.
 *
 * @param sha256 - makes the hash, which domain/ cannot
 */
export function hasOwnDigest(policy: PinnedPolicy, sha256: (text: string) => string): boolean {
  try {
    return policyDigest(policy, sha256) === policy.digest;
  } catch (error) {
    // What has no canonical JSON has no digest.
    if (error instanceof CountersignError) return false;
    throw error;
  }
}

/** The digest of what a policy says; its own is left out. See {@link hasOwnDigest}. */
export function policyDigest(
  policy: Omit<PinnedPolicy, 'digest'> & { readonly digest?: string },
  sha256: (text: string) => string,
): string {
  const { digest: _, ...members } = policy;
  return sha256(canonicalJson(members));
}
