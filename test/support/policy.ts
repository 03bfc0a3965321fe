import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';

/** The built-in policy with something else in it, under a digest of its own. */
export function policyWith(changed: Partial<PinnedPolicy>): PinnedPolicy {
  const { digest: _, ...members } = { ...fourEyes, ...changed };
  return { ...members, digest: createHash('sha256').update(canonicalJson(members)).digest('hex') };
}
