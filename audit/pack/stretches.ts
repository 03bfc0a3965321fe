/** Stretches of a range of which a pack carries a checkpoint each. */
export const stretches = 256;
/** Entries of the tree's last tile, which is incomplete and has no hashes of its own (docs/decisions/0008). */
const tileEntries = 256;

/** Where the last, incomplete tile of so many entries begins: from there on a pack carries every checkpoint. */
export function tailOf(to: number): number {
  return to - (to % tileEntries);
}

/** How many entries each stretch has. */
export function stretchOf(from: number, to: number): number {
  return Math.max(1, Math.ceil((to - from) / stretches));
}
