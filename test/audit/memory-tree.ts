import { leafHash, nodeHash } from '../../audit/merkle.ts';
import type { HashReader } from '../../audit/merkle.ts';

/** Leaf hashes of entries that differ. */
export function leavesOf(count: number, salt = ''): Buffer[] {
  return Array.from({ length: count }, (_, n) => leafHash(Buffer.from(`${salt}${n}`)));
}

/** Complete subtrees of leaves in memory. */
export function readerOf(leaves: readonly Buffer[]): HashReader {
  return (nodes) =>
    Promise.resolve(
      nodes.map(({ level, index }) => {
        const own = leaves.slice(index * 2 ** level, (index + 1) * 2 ** level);
        if (own.length !== 2 ** level) throw new Error(`no complete subtree ${level}/${index}`);
        return definedRoot(own);
      }),
    );
}

/** The root by the recursive definition (RFC 6962, section 2.1), for one leaf or more. */
export function definedRoot(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) throw new Error('no leaves');
  if (leaves.length === 1) return first;
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return nodeHash(definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k)));
}
