import { CountersignError } from '../../domain/error.ts';
import { hashBytes, subtreeRoot } from '../merkle.ts';
import type { HashReader } from '../merkle.ts';
import type { Source } from './place.ts';
import { tilePath, tileWidth } from './tile-path.ts';
import { tileHeight } from './tile-tree.ts';

/** Most tiles that are remembered: 2 MB. */
const mostTiles = 256;

/**
 * Reads the tree of so many entries from the tiles of a source. Nothing of it is verified: whoever uses it compares what
 * it leads to with a root.
 *
 * @returns a reader that throws CountersignError `not_found` for a tile that is not there, `malformed_evidence` for one of
 * another length, `place_unavailable`
 */
export function sourceTiles(source: Source, size: number): HashReader {
  const tiles = new Map<string, Promise<Buffer>>();
  return async (nodes) => {
    const hashes: Buffer[] = [];
    for (const { level, index } of nodes) {
      const tileLevel = Math.floor(level / tileHeight);
      const count = 2 ** (level % tileHeight);
      const first = index * count;
      const tile = await tileOf(tileLevel, Math.floor(first / tileWidth));
      const at = (first % tileWidth) * hashBytes;
      hashes.push(subtreeRoot(tile.subarray(at, at + count * hashBytes)));
    }
    return hashes;
  };

  function tileOf(level: number, index: number): Promise<Buffer> {
    const width = Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth);
    const path = tilePath({ level, index, width });
    const known = tiles.get(path);
    if (known !== undefined) return known;
    const read = readWidth(source, { path, whole: tilePath({ level, index, width: tileWidth }) }, width);
    tiles.set(path, read);
    for (const oldest of tiles.keys()) {
      if (tiles.size <= mostTiles) break;
      tiles.delete(oldest);
    }
    return read;
  }
}

async function readWidth(
  source: Source,
  { path, whole }: { readonly path: string; readonly whole: string },
  width: number,
): Promise<Buffer> {
  // A log may drop an incomplete tile once the complete one is there.
  const bytes = (await source.read(path)) ?? (path === whole ? null : await source.read(whole));
  if (bytes === null) throw new CountersignError('not_found', `${source.name} has no ${path}`);
  if (bytes.length !== width * hashBytes && bytes.length !== tileWidth * hashBytes) {
    throw new CountersignError(
      'malformed_evidence',
      `${path}: expected ${width * hashBytes} bytes, got ${bytes.length}`,
    );
  }
  return bytes;
}
