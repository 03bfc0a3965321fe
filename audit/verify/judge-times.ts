import type { OpenedCheckpoint } from '../checkpoint.ts';
import { tolerance } from './change-record.ts';
import { timeText } from './judge-freshness.ts';

/** What is odd about an entry's time: it lies after a cosignature that covers the entry, or before one that precedes it. */
export interface OddTime {
  readonly is: 'late' | 'early';
  readonly message: string;
}

/** Judges an entry's time, by its index; null where nothing is odd about it. To be asked in the log's order. */
export type TimeJudge = (index: number, time: string) => OddTime | null;

/**
 * Cosignatures bound the times of entries. An entry is of no later time than that at which a trusted witness had seen a checkpoint
 * with it, which nobody can explain otherwise. It may be of an earlier time than that of a checkpoint without it, as after an
 * outage; not so where its time is read when it is appended. Where the two clocks differ by less than five minutes nothing is said.
 *
 * @param checkpoints - signed by trusted keys; those without a cosignature that has a time say nothing
 */
export function judgeTimes(checkpoints: readonly OpenedCheckpoint[]): TimeJudge {
  const seen = checkpoints
    .flatMap(({ size, cosignatures }) => {
      const times = cosignatures.flatMap(({ time }) => (time === null ? [] : [time * 1000]));
      return times.length === 0 ? [] : [{ size, first: Math.min(...times), last: Math.max(...times) }];
    })
    .toSorted((a, b) => a.size - b.size);
  // Whoever had seen more entries had seen these as well.
  for (let n = seen.length - 2; n >= 0; n -= 1) {
    const [one, next] = [seen[n], seen[n + 1]];
    if (one && next) one.first = Math.min(one.first, next.first);
  }
  let next = 0;
  let before = -Infinity;
  return (index, time) => {
    for (let passed = seen[next]; passed && passed.size <= index; passed = seen[next]) {
      before = Math.max(before, passed.last);
      next += 1;
    }
    const written = Date.parse(time);
    const by = seen[next]?.first;
    if (by !== undefined && written > by + tolerance) {
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
