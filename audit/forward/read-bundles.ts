import { CountersignError } from '../../domain/error.ts';
import type { Queryable } from '../../store/queryable.ts';
import { orLogError } from '../log-error.ts';
import { makeTreeReader } from '../tree-reader.ts';
import { partialTiles, tileWidth } from './tile-path.ts';
import { tileHeight } from './tile-tree.ts';
import type { Tile } from './tile-tree.ts';

/** The entries of one bundle. */
export interface Bundle {
  readonly index: number;
  /** Exactly the bytes that are hashed. */
  readonly entries: readonly Buffer[];
}

/**
 * The entries of the first `to` from `from` on, a multiple of 256, bundle by bundle. A statement each: who writes them
 * slowly holds no connection.
 *
 * @throws CountersignError `integrity_conflict` when entries are missing; `log_unavailable`
 */
export async function* readBundles(
  db: Queryable,
  from: number,
  to: number,
): AsyncGenerator<Bundle, void, undefined> {
  for (let start = from; start < to; start += tileWidth) {
    const end = Math.min(start + tileWidth, to);
    const { rows } = await orLogError(
      db.query<{ bytes: Buffer }>({
        name: 'read-bundle',
        text: `select e.bytes from audit.leaf l join audit.entry e on e.id = l.entry_id
                where l.index >= $1 and l.index < $2 order by l.index`,
        values: [start, end],
      }),
    );
    if (rows.length !== end - start) {
      throw new CountersignError(
        'integrity_conflict',
        `the log lacks some of the entries ${start} to ${end - 1}`,
      );
    }
    yield { index: start / tileWidth, entries: rows.map(({ bytes }) => bytes) };
  }
}

/**
 * The incomplete tiles of the tree of so many leaves, a multiple of 256, as Postgres has it: nobody has verified it.
 *
 * @throws CountersignError `integrity_conflict` when a part of the tree is missing; `log_unavailable`
 */
export async function readIncomplete(db: Queryable, size: number): Promise<Tile[]> {
  const places = partialTiles(size);
  const nodes = places.flatMap(({ level, index, width }) =>
    Array.from({ length: width }, (_, n) => ({ level: level * tileHeight, index: index * tileWidth + n })),
  );
  const hashes = nodes.length === 0 ? [] : await makeTreeReader(db)(nodes);
  let next = 0;
  return places.map((place) => ({
    ...place,
    hashes: Buffer.concat(hashes.slice(next, (next += place.width))),
  }));
}
