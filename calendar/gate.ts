import type { Change } from '../domain/change.ts';
import type { Block } from '../domain/block.ts';
import { freezeInTheWay } from '../domain/freeze.ts';
import type { Freeze } from '../domain/freeze.ts';
import type { GateFacts } from '../domain/gate-facts.ts';
import { windowsAt } from './window.ts';
import { isoTime } from '../domain/time.ts';

/** Whether a change may run at a moment (ms since the epoch): null, or what blocks it. */
export type Gate = (change: Change, now: number) => Promise<Block | null>;

/**
 * The one gate before every call, whatever was approved and by whom: a policy that stands, no freeze that was declared or
 * that is in the calendar file, and an open window of the change's own policy.
 *
 * @param read - answers what is known of a change at a moment, ISO 8601
 * @param calendar - the freezes of the calendar file
 */
export function makeGate(
  read: (change: Change, at: string) => Promise<GateFacts>,
  calendar: readonly Freeze[] = [],
): Gate {
  return async (change, now) => blockOf(change, await read(change, isoTime(now)), calendar, now);
}

function blockOf(
  change: Change,
  { revocation, freezes, overrides }: GateFacts,
  calendar: readonly Freeze[],
  now: number,
): Block | null {
  if (revocation) {
    const { name, version, comment } = revocation;
    const reason = `version ${version} of policy ${name} was revoked: ${comment}`;
    return { kind: 'revocation', reason, until: null, freezeId: null };
  }
  const freeze = freezeInTheWay(change, [...calendar, ...freezes], overrides, now);
  if (freeze) {
    const { id, reason, endsAt } = freeze;
    return { kind: 'freeze', reason, until: endsAt, freezeId: id };
  }
  const state = windowsAt(change.policy.windows, now);
  if (state.open) return null;
  const until = state.opens === null ? null : isoTime(state.opens);
  const why = state.problem === null ? '' : `; ${state.problem}`;
  return { kind: 'window', reason: `no change window is open${why}`, until, freezeId: null };
}
