import { joined, same, sha256 } from './bytes.ts';
import type { Bytes } from './bytes.ts';

const hashBytes = 32;
const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** The hash of an entry: SHA-256(0x00 ‖ bytes) (RFC 6962, section 2.1). */
export function leafHash(bytes: Uint8Array): Promise<Bytes> {
  return sha256(joined(leafPrefix, bytes));
}

function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(joined(nodePrefix, left, right));
}

/** Whether the path leads from the leaf to the root (RFC 9162, section 2.1.3.2). False too for whatever makes no sense. */
export async function verifyInclusion(claim: {
  readonly index: number;
  readonly size: number;
  /** The leaf's hash. */
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): Promise<boolean> {
  const { index, size, leaf, root, proof } = claim;
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  if (![leaf, root, ...proof].every(isHash)) return false;
  let top = leaf;
  let [node, last] = [index, size - 1];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      top = await nodeHash(sibling, top);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      top = await nodeHash(top, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && same(top, root);
}

/** Whether the tree of `to` leaves is the one of `from` leaves, at least one, with more behind it (RFC 9162, section 2.1.4.2). */
export async function verifyConsistency(claim: {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): Promise<boolean> {
  const { from, to, fromRoot, toRoot, proof } = claim;
  if (!isSize(from) || !isSize(to) || from === 0 || from > to) return false;
  if (![fromRoot, toRoot, ...proof].every(isHash)) return false;
  if (from === to) return proof.length === 0 && same(fromRoot, toRoot);
  let [node, last] = [from - 1, to - 1];
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  // A complete old tree is a node of the new one; its root is not repeated in the proof.
  const [first, ...rest] = node === 0 ? [fromRoot, ...proof] : proof;
  if (first === undefined) return false;
  let [oldRoot, newRoot] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      oldRoot = await nodeHash(sibling, oldRoot);
      newRoot = await nodeHash(sibling, newRoot);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      newRoot = await nodeHash(newRoot, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && same(oldRoot, fromRoot) && same(newRoot, toRoot);
}

// No bit operators: they cut numbers to 32 bits.
const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);
const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const isHash = (bytes: Uint8Array): boolean => bytes.length === hashBytes;
