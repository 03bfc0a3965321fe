import type { OpenedCheckpoint } from '../checkpoint.ts';
import { tolerance } from './change-record.ts';
import { timeText } from './judge-freshness.ts';

/** Says of an entry, by its index and time, why it cannot have been written then; null where it can. To be asked in the log's order. */
export type TimeJudge = (index: number, time: string) => string | null;

/**
 * By when a trusted witness had seen an entry, ms since 1970; null where none had. To be asked in the log's order.
 *
 * @param checkpoints - signed by trusted keys; those without a cosignature that has a time say nothing
 */
export function witnessTimes(checkpoints: readonly OpenedCheckpoint[]): (index: number) => number | null {
  const seen = checkpoints
    .flatMap(({ size, cosignatures }) => {
      const times = cosignatures.flatMap(({ time }) => (time === null ? [] : [time * 1000]));
      return times.length === 0 ? [] : [{ size, at: Math.min(...times) }];
    })
    .toSorted((a, b) => a.size - b.size);
  // Whoever had seen more entries had seen these as well.
  for (let n = seen.length - 2; n >= 0; n -= 1) {
    const [one, next] = [seen[n], seen[n + 1]];
    if (one && next) one.at = Math.min(one.at, next.at);
  }
  let next = 0;
  return (index) => {
    while ((seen[next]?.size ?? Infinity) <= index) next += 1;
    return seen[next]?.at ?? null;
  };
}

/**
 * An entry is of no later time than that at which a trusted witness had seen a checkpoint with it. Where the two clocks differ
 * by less than five minutes nothing is said.
 *
 * @param checkpoints - signed by trusted keys; those without a cosignature that has a time say nothing
 */
export function judgeTimes(checkpoints: readonly OpenedCheckpoint[]): TimeJudge {
  const seenAt = witnessTimes(checkpoints);
  return (index, time) => {
    const at = seenAt(index);
    if (at === null || !(Date.parse(time) > at + tolerance)) return null;
    return `of ${time}, and a trusted witness had seen it by ${timeText(at)}`;
  };
}
