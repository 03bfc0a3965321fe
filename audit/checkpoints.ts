import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';
import { stretches, stretchOf, tailOf } from './pack/stretches.ts';

/** A published checkpoint. */
export interface StoredCheckpoint {
  readonly size: number;
  readonly root: Buffer;
  /** The signed note, with the log's signature and, after it, the last cosignature of each witness. */
  readonly note: string;
  readonly signedAt: Date;
}

/**
 * The last checkpoint, or null before the first.
 * @throws CountersignError `log_unavailable`
 */
export async function latestCheckpoint(db: Queryable): Promise<StoredCheckpoint | null> {
  return readCheckpoint(db, 'order by c.size desc limit 1', []);
}

/**
 * The first checkpoint of at least a size, or null while there is none.
 * @throws CountersignError `log_unavailable`
 */
export async function checkpointFrom(db: Queryable, size: number): Promise<StoredCheckpoint | null> {
  return readCheckpoint(db, 'where c.size >= $1 order by c.size limit 1', [size]);
}

/**
 * The last checkpoint that a witness has cosigned, or null while there is none.
 * @throws CountersignError `log_unavailable`
 */
export async function cosignedCheckpoint(db: Queryable): Promise<StoredCheckpoint | null> {
  return readCheckpoint(
    db,
    'where c.size = (select max(s.size) from audit.cosignature s) order by c.size limit 1',
    [],
  );
}

/**
 * The checkpoint that is next on the way from `from` entries to the newest: of those that add at most `most` entries the
 * largest, otherwise the smallest. Null where there is none beyond `from`.
 *
 * @param cosigned - only those that a witness has cosigned
 * @throws CountersignError `log_unavailable`
 */
export async function nextCheckpoint(
  db: Queryable,
  from: number,
  { most, cosigned }: { readonly most: number; readonly cosigned: boolean },
): Promise<StoredCheckpoint | null> {
  const among = cosigned ? 'audit.cosignature' : 'audit.checkpoint';
  return readCheckpoint(
    db,
    `where c.size = coalesce(
       (select max(o.size) from ${among} o where o.size > $1::bigint and o.size <= $1::bigint + $2::bigint),
       (select min(o.size) from ${among} o where o.size > $1::bigint))`,
    [from, most],
  );
}

/**
 * Signed notes of checkpoints of more than `from` and at most `to` entries, the smallest first, each with the first cosignature
 * of each witness: it says by when the entries were there. Of 256 stretches the last one that a witness has cosigned, or
 * else the last, and every one of the last, incomplete tile. So at most 511, some 130 KB and as much for each witness.
 *
 * @throws CountersignError `log_unavailable`
 */
export async function earlierCheckpoints(db: Queryable, from: number, to: number): Promise<string[]> {
  // The end of each stretch is looked up in the index: grouped, a large table would be read as a whole.
  const lastOf = (table: string) => `(select max(c.size) from ${table} c
      where c.size > $1::bigint + n * $4::bigint
        and c.size <= least($3::bigint, $1::bigint + (n + 1) * $4::bigint))`;
  try {
    const { rows } = await db.query<{ note: string }>(
      `select k.note || ${cosignatureLines('k.size', 'asc')} as note from audit.checkpoint k
        where k.size > greatest($1::bigint, $3::bigint) and k.size <= $2
           or k.size = any (array(
                select coalesce(${lastOf('audit.cosignature')}, ${lastOf('audit.checkpoint')})
                  from generate_series(0, $5::int - 1) n))
        order by k.size`,
      [from, to, tailOf(to), stretchOf(from, to), stretches],
    );
    return rows.map(({ note }) => note);
  } catch (error) {
    throw asLogError(error);
  }
}

/** SQL: of each witness the first (`asc`) or the last (`desc`) cosignature of a checkpoint, a line each. */
function cosignatureLines(size: string, order: 'asc' | 'desc'): string {
  return `coalesce(
    (select string_agg(w.line || E'\n', '' order by w.witness collate "C")
       from (select distinct on (s.witness) s.witness, s.line
               from audit.cosignature s where s.size = ${size}
              order by s.witness, s.cosigned_at ${order}) w),
    '')`;
}

async function readCheckpoint(
  db: Queryable,
  which: string,
  parameters: readonly number[],
): Promise<StoredCheckpoint | null> {
  try {
    const { rows } = await db.query<{
      size: string;
      root: Buffer;
      note: string;
      signed_at: Date;
      lines: string;
    }>(
      `select c.size, c.root, c.note, c.signed_at,
              ${cosignatureLines('c.size', 'desc')} as lines
         from audit.checkpoint c ${which}`,
      [...parameters],
    );
    const row = rows[0];
    if (row === undefined) return null;
    return { size: Number(row.size), root: row.root, note: row.note + row.lines, signedAt: row.signed_at };
  } catch (error) {
    throw asLogError(error);
  }
}
