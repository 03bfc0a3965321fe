import type { ChangeEvent, ChangeEventType } from './change-event.ts';
import type { EntryBody } from './entry.ts';
import { CountersignError } from './error.ts';
import { transitions } from './lifecycle.ts';
import { policyDigestIn } from './policy-entry.ts';
import type { PolicyOf } from './policy-entry.ts';

/**
 * What an entry of a change tells of it; null for an entry that tells of it without moving it, such as a refused request.
 * The log takes entries from its own processes alone, so the members are those of the type.
 *
 * @param policyOf - for a change's first entry, which names its policy only
 * @throws CountersignError `integrity_conflict` where the log does not have that policy
 */
export function eventIn(body: EntryBody, policyOf: PolicyOf = () => undefined): ChangeEvent | null {
  if (!Object.hasOwn(transitions, body.type)) return null;
  if (body.type !== 'change.requested') return body as unknown as ChangeEvent;
  const digest = policyDigestIn(body) ?? '';
  const pinnedPolicy = policyOf(digest);
  if (pinnedPolicy === undefined) {
    throw new CountersignError('integrity_conflict', `the log does not have the policy ${digest}`);
  }
  return { ...body, pinnedPolicy } as unknown as ChangeEvent;
}

/** The types of entries that move a change. */
export const eventTypes = Object.keys(transitions) as readonly ChangeEventType[];
