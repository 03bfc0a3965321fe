import type { Exception } from '../exceptions/exception.ts';
import type { OpenedCheckpoint } from '../checkpoint.ts';
import { countedEntries } from '../pack/counted.ts';
import { stretchOf, tailOf } from '../pack/stretches.ts';
import { seenSizes } from './cosigned-times.ts';
import { lengthText, timeText } from './judge-freshness.ts';

/** How long witnesses may be silent before somebody should ask why, ms. */
const day = 24 * 60 * 60_000;

/**
 * Stretches of the log that no trusted witness saw for more than a day. A pack carries one checkpoint of each of 256 stretches,
 * a cosigned one where there is one, and all of its last tile: between two of one stretch, or of neighbours, there may have
 * been others, and nothing is said.
 *
 * @param checkpoints - signed by trusted keys, in any order; those without a cosignature that has a time say nothing
 */
export function witnessGaps(
  checkpoints: readonly OpenedCheckpoint[],
  { from, to }: { readonly from: number; readonly to: number },
): Exception[] {
  const stretch = stretchOf(from, to);
  const seen = seenSizes(checkpoints).map(({ size, first }) => ({ size, at: first }));
  return seen.slice(1).flatMap((one, n): Exception[] => {
    const before = seen[n];
    if (before === undefined || one.at - before.at <= day || one.size === before.size) return [];
    const entries = one.size - before.size;
    const isAll = stretch === 1 || before.size >= tailOf(to);
    if (!isAll && entries <= 2 * stretch) return [];
    const message = `no witness between ${timeText(before.at)} and ${timeText(one.at)}, ${lengthText(one.at - before.at)}, in which ${countedEntries(entries)} came`;
    return [{ kind: 'witness_gap', time: timeText(before.at), changeId: null, index: before.size, message }];
  });
}
