import type { Change } from '../domain/change.ts';
import type { Block } from '../domain/block.ts';
import { freezeInTheWay } from '../domain/freeze.ts';
import type { Freeze } from '../domain/freeze.ts';
import { isoTime } from '../domain/time.ts';
import { getPolicyRevocation } from '../store/get-policy-revocation.ts';
import { listFreezeOverrides } from '../store/list-freeze-overrides.ts';
import { listFreezesInForce } from '../store/list-freezes-in-force.ts';
import type { Queryable } from '../store/queryable.ts';
import { windowsAt } from './window.ts';

/** Whether a change may run at a moment (ms since the epoch): null, or what blocks it. */
export type Gate = (change: Change, now: number) => Promise<Block | null>;

/**
 * The one gate before every call, whatever was approved and by whom: a policy that stands, no freeze of the database or of
 * the calendar file, and an open window of the change's own policy.
 *
 * @param calendar - the freezes of the calendar file
 */
export function makeGate(db: Queryable, calendar: readonly Freeze[] = []): Gate {
  return async (change, now) => {
    const revocation = await getPolicyRevocation(db, change.policy.digest);
    if (revocation) {
      const { name, version, comment } = revocation;
      const reason = `version ${version} of policy ${name} was revoked: ${comment}`;
      return { kind: 'revocation', reason, until: null, freezeId: null };
    }
    const freezes = [...calendar, ...(await listFreezesInForce(db, isoTime(now)))];
    // Overrides are rare: they are looked for where there is something to override.
    const held = freezeInTheWay(change, freezes, [], now);
    const freeze = held && freezeInTheWay(change, freezes, await listFreezeOverrides(db, change.id), now);
    if (freeze) {
      const { id, reason, endsAt } = freeze;
      return { kind: 'freeze', reason, until: endsAt, freezeId: id };
    }
    const state = windowsAt(change.policy.windows, now);
    if (state.open) return null;
    const until = state.opens === null ? null : isoTime(state.opens);
    const why = state.problem === null ? '' : `; ${state.problem}`;
    return { kind: 'window', reason: `no change window is open${why}`, until, freezeId: null };
  };
}
