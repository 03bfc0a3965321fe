import { CountersignError } from '../domain/error.ts';
import { fromBase64 } from './base64.ts';
import { emptyRoot, hashBytes, nodeHash } from './merkle.ts';

/** What a tree needs to grow on: as JSON. */
export interface FrontierState {
  /** How many leaves it has. */
  readonly size: number;
  /** The roots of its complete subtrees, the largest and leftmost first, in base64: one for each 1 in the size's binary. */
  readonly hashes: readonly string[];
}

/** A tree that remembers only what it needs to grow: at most 53 hashes, however many leaves. */
export interface Frontier {
  readonly size: number;
  /** Adds a leaf by its hash. */
  append(leaf: Uint8Array): void;
  root(): Buffer;
  state(): FrontierState;
}

/**
 * A tree without leaves, or one that grows on from a saved state.
 * @throws CountersignError `malformed_evidence` for a state that no tree has
 */
export function makeFrontier(saved: FrontierState = { size: 0, hashes: [] }): Frontier {
  let size = saved.size;
  const hashes = saved.hashes.map((text) => fromBase64(text));
  if (
    !Number.isSafeInteger(size) ||
    size < 0 ||
    hashes.length !== onesOf(size) ||
    !hashes.every((hash) => hash?.length === hashBytes)
  ) {
    throw new CountersignError(
      'malformed_evidence',
      `tree state of size ${size}: expected a hash for each subtree`,
    );
  }
  const subtrees = hashes as Buffer[];
  return {
    get size() {
      return size;
    },
    append(leaf) {
      let hash: Buffer = Buffer.from(leaf);
      for (let n = size; n % 2 === 1; n = (n - 1) / 2) hash = nodeHash(subtrees.pop() as Buffer, hash);
      subtrees.push(hash);
      size += 1;
    },
    root: () =>
      subtrees.length === 0 ? emptyRoot : subtrees.reduceRight((right, left) => nodeHash(left, right)),
    state: () => ({ size, hashes: subtrees.map((hash) => hash.toString('base64')) }),
  };
}

function onesOf(size: number): number {
  return size.toString(2).replaceAll('0', '').length;
}
