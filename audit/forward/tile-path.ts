/** Hashes of a complete tile, and entries of a complete bundle (C2SP tlog-tiles). */
export const tileWidth = 256;

/** Where the log's newest checkpoint stands. The one name whose content changes. */
export const checkpointPath = 'checkpoint';

/** A tile of the tree's level 8 · `level`, with `width` hashes from `index` · 256 on. */
export interface TilePlace {
  readonly level: number;
  readonly index: number;
  /** 1 to 256; less than 256 is a partial tile. */
  readonly width: number;
}

/** A tile's path, such as `tile/0/x001/x234/067` or `tile/1/000.p/17`. */
export function tilePath({ level, index, width }: TilePlace): string {
  return `tile/${level}/${numberPath(index)}${partial(width)}`;
}

/** The path of the entries from `index` · 256 on, such as `tile/entries/000`. */
export function bundlePath(index: number, width: number): string {
  return `tile/entries/${numberPath(index)}${partial(width)}`;
}

/** Where the checkpoint of a size is kept for good, with the log's own signature alone. */
export function keptCheckpointPath(size: number): string {
  return `checkpoints/${numberPath(size)}`;
}

/** Where a cosigned note of that checkpoint is kept for good. @param digest - of the note, lower-case hex */
export function cosignedCheckpointPath(size: number, digest: string): string {
  return `${keptCheckpointPath(size)}.cosigned/${digest.slice(0, 16)}`;
}

/** The incomplete tiles of a tree, the lowest level first. */
export function partialTiles(size: number): TilePlace[] {
  const places: TilePlace[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / tileWidth)) {
    const width = count % tileWidth;
    if (width > 0) places.push({ level, index: (count - width) / tileWidth, width });
  }
  return places;
}

/** Three digits a part, all but the last behind an `x`: so no file has the name of a folder. */
function numberPath(n: number): string {
  const digits = String(n);
  const parts = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  return parts.map((part, at) => (at < parts.length - 1 ? `x${part}` : part)).join('/');
}

function partial(width: number): string {
  return width === tileWidth ? '' : `.p/${width}`;
}
