import type { Change } from '../domain/change.ts';
import type { Block } from '../domain/block.ts';
import type { Freeze } from '../domain/freeze.ts';
import type { GateFacts } from '../domain/gate-facts.ts';
import { isoTime } from '../domain/time.ts';
import { blockAt } from './block-at.ts';

/** Whether a change may run at a moment (ms since the epoch): null, or what blocks it. */
export type Gate = (change: Change, now: number) => Promise<Block | null>;

/**
 * The gate before every call, {@link blockAt}, by what is known of a change and the freezes of the calendar file.
 *
 * @param read - answers what is known of a change at a moment, ISO 8601
 * @param calendar - the freezes of the calendar file
 */
export function makeGate(
  read: (change: Change, at: string) => Promise<GateFacts>,
  calendar: readonly Freeze[] = [],
): Gate {
  return async (change, now) => {
    const facts = await read(change, isoTime(now));
    return blockAt(change, { ...facts, freezes: [...calendar, ...facts.freezes] }, now);
  };
}
