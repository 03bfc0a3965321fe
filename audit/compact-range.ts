import { emptyRoot, nodeHash } from './merkle.ts';
import type { TreeNode } from './merkle.ts';

/**
 * The largest complete subtrees that cover the leaves from `start` up to, without, `end`, from the left: what stands for
 * them in a proof about their neighbours. At most two for each level.
 */
export function coveringNodes(start: number, end: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let from = start; from < end;) {
    let [level, width] = [0, 1];
    while (from % (2 * width) === 0 && from + 2 * width <= end) [level, width] = [level + 1, 2 * width];
    nodes.push({ level, index: from / width });
    from += width;
  }
  return nodes;
}

/** A tree that grows by complete subtrees of any height, from leaf 0 on, and keeps only the roots of what is complete. */
export interface CompactRange {
  /** How many leaves it covers. */
  readonly size: number;
  /**
   * Adds the subtree that begins where it ends.
   * @throws RangeError for a subtree that stands elsewhere
   */
  add(node: TreeNode, hash: Buffer): void;
  /** The root of all that was added, as of a tree of that size (RFC 6962 §2.1). */
  root(): Buffer;
}

interface Subtree extends TreeNode {
  readonly hash: Buffer;
}

/** See {@link CompactRange}. */
export function makeCompactRange(): CompactRange {
  const subtrees: Subtree[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    add({ level, index }, hash) {
      const width = 2 ** level;
      if (index * width !== size) throw new RangeError(`subtree ${level}/${index} does not begin at ${size}`);
      size += width;
      let top: Subtree = { level, index, hash };
      for (let left = subtrees.at(-1); left?.level === top.level && top.index % 2 === 1;) {
        subtrees.pop();
        top = { level: top.level + 1, index: (top.index - 1) / 2, hash: nodeHash(left.hash, top.hash) };
        left = subtrees.at(-1);
      }
      subtrees.push(top);
    },
    root() {
      const hashes = subtrees.map(({ hash }) => hash);
      return hashes.length === 0 ? emptyRoot : hashes.reduceRight((right, left) => nodeHash(left, right));
    },
  };
}
