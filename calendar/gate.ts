import type { Change } from '../domain/change.ts';
import type { Block } from '../domain/block.ts';
import type { Freeze } from '../domain/freeze.ts';
import { isoTime } from '../domain/time.ts';
import { getPolicyRevocation } from '../store/get-policy-revocation.ts';
import { listFreezeOverrides } from '../store/list-freeze-overrides.ts';
import { listFreezesInForce } from '../store/list-freezes-in-force.ts';
import type { Queryable } from '../store/queryable.ts';
import { blockAt } from './block-at.ts';

/** Whether a change may run at a moment (ms since the epoch): null, or what blocks it. */
export type Gate = (change: Change, now: number) => Promise<Block | null>;

/**
 * The gate before every call, {@link blockAt}, by the freezes and revocations of the database and the freezes of the calendar
 * file.
 *
 * @param calendar - the freezes of the calendar file
 */
export function makeGate(db: Queryable, calendar: readonly Freeze[] = []): Gate {
  return async (change, now) => {
    const revocation = await getPolicyRevocation(db, change.policy.digest);
    const freezes = [...calendar, ...(await listFreezesInForce(db, isoTime(now)))];
    const block = blockAt(change, { revocation, freezes, overrides: [] }, now);
    if (block?.kind !== 'freeze') return block;
    // Overrides are rare: they are looked for where there is something to override.
    const overrides = await listFreezeOverrides(db, change.id);
    return blockAt(change, { revocation, freezes, overrides }, now);
  };
}
