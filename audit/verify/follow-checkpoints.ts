import type { OpenedCheckpoint } from '../checkpoint.ts';
import type { CompactRange } from '../compact-range.ts';

/** Which of the log's earlier checkpoints the entries lead to, while the tree over them grows. */
export interface FollowedCheckpoints {
  /** To be called with the tree at every size. */
  see(tree: CompactRange): void;
  /** The size of the last checkpoint before {@link parted} whose root the entries lead to; null before the first. */
  readonly agreed: number | null;
  /** The size of the first checkpoint whose root the entries do not lead to, or null. */
  readonly parted: number | null;
}

/** Follows checkpoints that a trusted key signed. Those that lie within what a range leaves out are passed over. */
export function followCheckpoints(checkpoints: readonly OpenedCheckpoint[]): FollowedCheckpoints {
  const waiting = checkpoints.toSorted((a, b) => b.size - a.size);
  let agreed: number | null = null;
  let parted: number | null = null;
  return {
    see(tree) {
      for (let next = waiting.at(-1); next && next.size <= tree.size; next = waiting.at(-1)) {
        waiting.pop();
        if (next.size < tree.size || parted !== null) continue;
        if (tree.root().equals(next.root)) agreed = next.size;
        else parted = next.size;
      }
    },
    get agreed() {
      return agreed;
    },
    get parted() {
      return parted;
    },
  };
}
