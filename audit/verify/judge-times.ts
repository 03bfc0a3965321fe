import type { OpenedCheckpoint } from '../checkpoint.ts';
import { tolerance } from './change-record.ts';
import { seenSizes } from './cosigned-times.ts';
import { timeText } from './judge-freshness.ts';

/** What is odd about an entry's time: it lies after a cosignature that covers the entry, or before one that precedes it. */
export interface OddTime {
  readonly is: 'late' | 'early';
  readonly message: string;
}

/** Judges an entry's time, by its index; null where nothing is odd about it. To be asked in the log's order. */
export type TimeJudge = (index: number, time: string) => OddTime | null;

/** What witnesses tell of an entry's place in the log, ms since 1970. */
interface Bounds {
  /** By when one had seen it; null where none had. */
  readonly by: number | null;
  /** When one had last seen the log without it; -Infinity where none had. */
  readonly before: number;
}

/** To be asked in the log's order. */
function witnessBounds(checkpoints: readonly OpenedCheckpoint[]): (index: number) => Bounds {
  const seen = seenSizes(checkpoints).map((one) => ({ ...one }));
  // Whoever had seen more entries had seen these as well.
  for (let n = seen.length - 2; n >= 0; n -= 1) {
    const [one, next] = [seen[n], seen[n + 1]];
    if (one && next) one.first = Math.min(one.first, next.first);
  }
  let next = 0;
  let before = -Infinity;
  return (index) => {
    for (let passed = seen[next]; passed && passed.size <= index; passed = seen[next]) {
      before = Math.max(before, passed.last);
      next += 1;
    }
    return { by: seen[next]?.first ?? null, before };
  };
}

/**
 * By when a trusted witness had seen an entry, ms since 1970; null where none had. To be asked in the log's order.
 *
 * @param checkpoints - signed by trusted keys; those without a cosignature that has a time say nothing
 */
export function witnessTimes(checkpoints: readonly OpenedCheckpoint[]): (index: number) => number | null {
  const bounds = witnessBounds(checkpoints);
  return (index) => bounds(index).by;
}

/**
 * Cosignatures bound the times of entries. An entry is of no later time than that at which a trusted witness had seen a checkpoint
 * with it, which nobody can explain otherwise. It may be of an earlier time than that of a checkpoint without it, as after an
 * outage; not so where its time is read when it is appended. Where the two clocks differ by less than five minutes nothing is said.
 *
 * @param checkpoints - signed by trusted keys; those without a cosignature that has a time say nothing
 */
export function judgeTimes(checkpoints: readonly OpenedCheckpoint[]): TimeJudge {
  const bounds = witnessBounds(checkpoints);
  return (index, time) => {
    const { by, before } = bounds(index);
    const written = Date.parse(time);
    if (by !== null && written > by + tolerance) {
      const message = `of ${time}, and a trusted witness had seen it by ${timeText(by)}`;
      return { is: 'late', message };
    }
    if (written < before - tolerance) {
      const message = `of ${time}, and a trusted witness had seen the log without it at ${timeText(before)}`;
      return { is: 'early', message };
    }
    return null;
  };
}
