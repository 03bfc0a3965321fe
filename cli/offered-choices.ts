import { sha256 } from '../api/sha256.ts';
import { decisionsBy } from '../domain/channel.ts';
import type { Change } from '../domain/change.ts';
import { differenceIn } from '../domain/stored-change.ts';

/**
 * Which decisions a message offers to whoever reads it in a chat: none for a change that is not the one its digest was made
 * of, so that nobody is shown one thing and decides another.
 *
 * @param system - the chat's name in COUNTERSIGN_INTEGRATIONS
 */
export function offeredChoices(change: Change, system: string): ReturnType<typeof decisionsBy> {
  return differenceIn(change, sha256) === null ? decisionsBy(change.policy, system) : [];
}
