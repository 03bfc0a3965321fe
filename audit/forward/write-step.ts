import { CountersignError } from '../../domain/error.ts';
import type { Queryable } from '../../store/queryable.ts';
import { leafHash } from '../merkle.ts';
import { formatBundle } from './entry-bundle.ts';
import { keep } from './place.ts';
import type { Place } from './place.ts';
import { readBundles } from './read-bundles.ts';
import type { Bundle } from './read-bundles.ts';
import { bundlePath, tilePath, tileWidth } from './tile-path.ts';
import { makeTileTree } from './tile-tree.ts';
import type { VerifiedStep } from './verify-step.ts';

/** How many objects are under way at once, a few more where a tile is complete. */
const atOnce = 8;

/**
 * Writes the entries and tiles of a verified step up to `size` entries. In any order: until a checkpoint covers them nobody
 * asks for them.
 *
 * @param partial - whether a checkpoint of that size is to be kept, so that its incomplete tiles are needed
 * @throws CountersignError `forwarded_log_differs`; `integrity_conflict` when entries are no longer those that were verified;
 * `log_unavailable`, `place_unavailable`
 */
export async function writeStep(
  { db, place, signal }: { readonly db: Queryable; readonly place: Place; readonly signal?: AbortSignal },
  { start, incomplete, leaves }: VerifiedStep,
  size: number,
  partial: boolean,
): Promise<void> {
  const tree = makeTileTree({ size: start, incomplete });
  let underWay: Promise<void>[] = [];
  for await (const bundle of readBundles(db, start, size)) {
    signal?.throwIfAborted();
    const width = bundle.entries.length;
    if (width === tileWidth || partial) write(bundlePath(bundle.index, width), formatBundle(bundle.entries));
    for (const leaf of verifiedLeaves(bundle, leaves, start)) {
      for (const tile of tree.append(leaf)) write(tilePath(tile), tile.hashes);
    }
    if (underWay.length < atOnce) continue;
    await Promise.all(underWay);
    underWay = [];
  }
  if (partial) for (const tile of tree.partial()) write(tilePath(tile), tile.hashes);
  await Promise.all(underWay);

  function write(path: string, bytes: Buffer): void {
    const written = keep(place, path, bytes, signal);
    // Awaited above; until then its rejection must not count as unhandled.
    written.catch(() => undefined);
    underWay.push(written);
  }
}

/** The hashes of a bundle's entries, which was read once more: as they were when the tree over them was compared. */
function verifiedLeaves({ index, entries }: Bundle, leaves: readonly Buffer[], start: number): Buffer[] {
  return entries.map((bytes, n) => {
    const at = index * tileWidth + n;
    const leaf = leafHash(bytes);
    if (leaves[at - start]?.equals(leaf) === true) return leaf;
    throw new CountersignError(
      'integrity_conflict',
      `entry ${at} changed between two reads: somebody alters the log`,
    );
  });
}
