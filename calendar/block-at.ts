import type { Block } from '../domain/block.ts';
import type { Change } from '../domain/change.ts';
import { freezeInTheWay } from '../domain/freeze.ts';
import type { GateFacts } from '../domain/gate-facts.ts';
import { isoTime } from '../domain/time.ts';
import { isOpenAt, windowsAt } from './window.ts';

/** What a call is judged by beside its change's own policy. */
export type BlockFacts = Pick<GateFacts, 'revocation' | 'freezes' | 'overrides'>;

/**
 * The one rule of the gate before every call, whatever was approved and by whom: a policy that stands, no freeze in the way,
 * and an open window of the change's own policy. The worker asks it before a call, the verifier of each call that the log
 * tells.
 *
 * @param now - milliseconds since the epoch
 * @returns null, or what blocks the change
 */
export function blockAt(
  change: Change,
  { revocation, freezes, overrides }: BlockFacts,
  now: number,
): Block | null {
  if (revocation !== null) {
    const { name, version, comment } = revocation;
    const reason = `version ${version} of policy ${name} was revoked: ${comment}`;
    return { kind: 'revocation', reason, until: null, freezeId: null };
  }
  const freeze = freezeInTheWay(change, freezes, overrides, now);
  if (freeze !== null) {
    const { id, reason, endsAt } = freeze;
    return { kind: 'freeze', reason, until: endsAt, freezeId: id };
  }
  const { windows } = change.policy;
  if (isOpenAt(windows, now)) return null;
  const state = windowsAt(windows, now);
  const until = state.open || state.opens === null ? null : isoTime(state.opens);
  const why = state.problem === null ? '' : `; ${state.problem}`;
  return { kind: 'window', reason: `no change window is open${why}`, until, freezeId: null };
}
