import { makeCompactRange } from '../compact-range.ts';
import { hashBytes, subtreeRoot } from '../merkle.ts';
import { tileWidth } from './tile-path.ts';
import type { TilePlace } from './tile-path.ts';

/** Levels of the tree in one tile. */
export const tileHeight = 8;

/** A tile with its hashes, one after another. */
export interface Tile extends TilePlace {
  readonly hashes: Buffer;
}

/** A tree that grows by leaves and hands out its tiles. It keeps the incomplete ones alone. */
export interface TileTree {
  readonly size: number;
  /** Adds a leaf by its hash. @returns the tiles that it completed, the lowest level first */
  append(leaf: Buffer): Tile[];
  /** The incomplete tiles. */
  partial(): Tile[];
  root(): Buffer;
}

/** @param incomplete - of a tree of `size` leaves, its incomplete tiles */
export function makeTileTree(start: {
  readonly size: number;
  readonly incomplete: readonly Tile[];
}): TileTree {
  let { size } = start;
  // Of each level the hashes of its incomplete tile.
  const levels: Buffer[][] = [[]];
  for (const { level, hashes, width } of start.incomplete) {
    while (levels.length <= level) levels.push([]);
    levels[level] = Array.from({ length: width }, (_, n) =>
      hashes.subarray(n * hashBytes, (n + 1) * hashBytes),
    );
  }
  const firstOf = (level: number): number => Math.floor(size / tileWidth ** (level + 1));
  const tile = (level: number, index: number, hashes: readonly Buffer[]): Tile => ({
    ...{ level, index, width: hashes.length },
    hashes: Buffer.concat(hashes),
  });
  return {
    get size() {
      return size;
    },
    append(leaf) {
      const complete: Tile[] = [];
      size += 1;
      let top = leaf;
      for (let level = 0; ; level++) {
        const hashes = (levels[level] ??= []);
        hashes.push(top);
        if (hashes.length < tileWidth) return complete;
        levels[level] = [];
        const done = tile(level, firstOf(level) - 1, hashes);
        complete.push(done);
        top = subtreeRoot(done.hashes);
      }
    },
    partial: () =>
      levels.flatMap((hashes, level) => (hashes.length === 0 ? [] : [tile(level, firstOf(level), hashes)])),
    root() {
      const range = makeCompactRange();
      for (let level = levels.length - 1; level >= 0; level--) {
        const first = firstOf(level) * tileWidth;
        (levels[level] ?? []).forEach((hash, n) =>
          range.add({ level: level * tileHeight, index: first + n }, hash),
        );
      }
      return range.root();
    },
  };
}
