import { CountersignError } from '../domain/error.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';
import { hashBytes, subtreeRoot } from './merkle.ts';
import type { HashReader } from './merkle.ts';

/** Levels of the tree in one tile. */
const tileHeight = 8;

/**
 * Reads the log's tree in Postgres, as it was whenever the nodes asked for were complete: what it has read once never
 * changes. One statement a call.
 *
 * @returns a reader that throws CountersignError `integrity_conflict` for a node whose leaves are not all there,
 * `log_unavailable`
 */
export function makeTreeReader(db: Queryable): HashReader {
  return async (nodes) => {
    // A node is made of neighbours in the tile that has them: 1 to 128 hashes of the tile's lowest level.
    const spans = nodes.map(({ level, index }) => {
      const count = 2 ** (level % tileHeight);
      return { tileLevel: Math.floor(level / tileHeight), first: index * count, count };
    });
    const found = await readSpans(db, spans);
    return nodes.map(({ level, index }, n) => {
      const hashes = found[n];
      if (hashes?.length !== (spans[n]?.count ?? 0) * hashBytes) {
        throw new CountersignError(
          'integrity_conflict',
          `the log's tree has no node ${level}/${index}: a part of the log is gone, so somebody has edited it; ask its operators, and keep the last checkpoint that you have`,
        );
      }
      return subtreeRoot(hashes);
    });
  };
}

interface Span {
  readonly tileLevel: number;
  readonly first: number;
  readonly count: number;
}

async function readSpans(db: Queryable, spans: readonly Span[]): Promise<(Buffer | null)[]> {
  try {
    const { rows } = await db.query<{ hashes: Buffer | null }>({
      name: 'read-spans',
      text: `select coalesce(
                (select substring(t.hashes from (s.first % 256)::int * 32 + 1 for s.count * 32)
                   from audit.tile t where t.level = s.level and t.index = s.first / 256),
                case when s.level = 0 then
                  (select string_agg(e.leaf_hash, ''::bytea order by l.index)
                     from audit.leaf l join audit.entry e on e.id = l.entry_id
                    where l.index between s.first and s.first + s.count - 1)
                else
                  (select string_agg(t.root, ''::bytea order by t.index)
                     from audit.tile t
                    where t.level = s.level - 1 and t.index between s.first and s.first + s.count - 1)
                end) as hashes
         from unnest($1::int[], $2::bigint[], $3::int[]) with ordinality s (level, first, count, n)
        order by s.n`,
      values: [spans.map((s) => s.tileLevel), spans.map((s) => s.first), spans.map((s) => s.count)],
    });
    return rows.map((row) => row.hashes);
  } catch (error) {
    throw asLogError(error);
  }
}
