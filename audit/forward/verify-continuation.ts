import type { Checkpoint } from '../checkpoint.ts';
import { coveringNodes, makeCompactRange } from '../compact-range.ts';
import type { HashReader, TreeNode } from '../merkle.ts';
import { tileWidth } from './tile-path.ts';
import { tileHeight } from './tile-tree.ts';

/** Nodes asked for at once. */
const atOnce = tileWidth;

/** What the hashes of a tree lead to. */
export interface Continuation {
  /** Whether the first entries are those of the earlier checkpoint. */
  readonly continues: boolean;
  /** Whether all are those of the later one. */
  readonly leads: boolean;
  /**
   * The hashes behind the earlier checkpoint, by their node: of a whole bundle the root, of others each leaf. To be trusted
   * where `leads` is true.
   */
  readonly hashes: ReadonlyMap<string, Buffer>;
}

/**
 * Puts the tree of the later checkpoint together from that of the earlier and from what comes behind it. That is the proof
 * of consistency, and of each new entry's place, in one.
 *
 * @param read - reads the later tree
 */
export async function verifyContinuation(
  earlier: Pick<Checkpoint, 'size' | 'root'>,
  later: Pick<Checkpoint, 'size' | 'root'>,
  read: HashReader,
): Promise<Continuation> {
  const range = makeCompactRange();
  const hashes = new Map<string, Buffer>();
  const add = async (
    nodes: readonly TreeNode[],
    see?: (node: TreeNode, hash: Buffer) => void,
  ): Promise<void> => {
    for (let at = 0; at < nodes.length; at += atOnce) {
      const part = nodes.slice(at, at + atOnce);
      const found = await read(part);
      part.forEach((node, n) => {
        const hash = found[n] as Buffer;
        range.add(node, hash);
        see?.(node, hash);
      });
    }
  };
  await add(coveringNodes(0, earlier.size));
  const continues = range.root().equals(earlier.root);
  await add(newNodes(earlier.size, later.size), (node, hash) => hashes.set(nameOf(node), hash));
  return { continues, leads: range.root().equals(later.root), hashes };
}

/** The name of a node in {@link Continuation}. */
export function nameOf({ level, index }: TreeNode): string {
  return `${level}/${index}`;
}

/** What covers the entries from `from` to, without, `to`: whole bundles by their roots, others leaf by leaf. */
function newNodes(from: number, to: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let at = from; at < to;) {
    const whole = at % tileWidth === 0 && at + tileWidth <= to;
    nodes.push(whole ? { level: tileHeight, index: at / tileWidth } : { level: 0, index: at });
    at += whole ? tileWidth : 1;
  }
  return nodes;
}
