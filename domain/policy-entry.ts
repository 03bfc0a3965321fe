import { entryKey, newEntry, workerActor } from './entry.ts';
import type { EntryBody, EntryDraft } from './entry.ts';
import type { Json, JsonObject } from './json.ts';
import type { PinnedPolicy } from './policy.ts';

const placeOf = (digest: string) => ({ namespace: 'log', of: `policy-${digest}`, ordinal: 1 });

/** The key of the entry that has a policy: a log has each policy once, however many changes are asked for under it. */
export function policyKey(digest: string): string {
  return entryKey(placeOf(digest), 'policy.pinned');
}

/** The entry that has a policy whole, before the first change under it. @param time - ISO 8601: when that was asked for */
export function policyPinned(policy: PinnedPolicy, time: string): EntryDraft {
  return newEntry(placeOf(policy.digest), {
    type: 'policy.pinned',
    time,
    actor: workerActor,
    pinnedPolicy: policy as unknown as JsonObject,
  });
}

/** The digest of the policy that an entry of a change names, or null. */
export function policyDigestIn({ policy }: EntryBody): string | null {
  return textIn(policy, 'digest');
}

/** The policies that entries have, by their digests. Whether each has the digest of what it says, others judge. */
export function policiesIn(entries: readonly EntryBody[]): PolicyOf {
  const byDigest = new Map<string, PinnedPolicy>();
  for (const { type, pinnedPolicy } of entries) {
    const digest = textIn(pinnedPolicy, 'digest');
    if (type === 'policy.pinned' && digest !== null && !byDigest.has(digest)) {
      byDigest.set(digest, pinnedPolicy as unknown as PinnedPolicy);
    }
  }
  return (digest) => byDigest.get(digest);
}

/** The policy of a digest, as the log tells it; undefined where it tells of none. */
export type PolicyOf = (digest: string) => PinnedPolicy | undefined;

function textIn(value: Json | undefined, member: string): string | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const text = (value as JsonObject)[member];
  return typeof text === 'string' ? text : null;
}
