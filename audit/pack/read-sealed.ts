import { CountersignError } from '../../domain/error.ts';
import type { Queryable } from '../../store/queryable.ts';
import { columnsOf } from '../columns.ts';
import type { EntryColumns } from '../columns.ts';
import { asLogError } from '../log-error.ts';
import { leafHash } from '../merkle.ts';
import { isEntry } from '../read-body.ts';
import type { Coverage } from './manifest.ts';
import { readContext } from './read-context.ts';
import type { SealedEntry } from './sealed-entry.ts';

/**
 * An entry for a pack, and beside it what Postgres has of it elsewhere, be it right or not: its columns, and the hash of which
 * the tree was made where its tile is complete, which is not in the entry's own row.
 */
export interface StoredSealed extends SealedEntry {
  readonly bytes: Buffer;
  readonly stored: { readonly leafHash: string; readonly columns: EntryColumns };
}

/** Entries a query; 16 MB of bytes at the very most. */
const pageSize = 500;

/**
 * The entries that a pack covers and a checkpoint of `size` has, in the log's order; with those of a change those that it is
 * judged by ({@link ./context.ts}). Each page is a statement of its own
 * and the next is read ahead: a slow reader holds no connection, and the log only grows, so the pages fit together.
 *
 * @throws CountersignError `log_unavailable`; `not_found` for a change that no entry asks for; `integrity_conflict` for a row that
 * cannot be an entry
 */
export async function* readSealed(
  db: Queryable,
  covers: Coverage,
  size: number,
): AsyncGenerator<StoredSealed, void, undefined> {
  const until = covers.kind === 'range' ? covers.to : size;
  const of = covers.kind === 'change' ? await whichOf(db, covers.changeId, size) : null;
  let next = page(db, of, covers.kind === 'range' ? covers.from : 0, until);
  for (;;) {
    const rows = await next;
    const last = rows.at(-1);
    const more = last && rows.length === pageSize;
    if (more) {
      next = page(db, of, Number(last.index) + 1, until);
      // Awaited above; until then its rejection must not count as unhandled.
      next.catch(() => undefined);
    }
    for (const row of rows) yield sealedOf(row);
    if (!more) return;
  }
}

interface Row {
  index: string;
  bytes: Buffer;
  leaf_hash: Buffer;
  type: string;
  change_id: string | null;
  actor: string | null;
  outcome: string | null;
  request_id: string | null;
  time: string;
}

/** Which entries a change's pack has: its own, and those of these ids. */
interface Which {
  readonly changeId: string;
  readonly context: readonly string[];
}

async function whichOf(db: Queryable, changeId: string, size: number): Promise<Which> {
  try {
    return { changeId, context: await readContext(db, changeId, size) };
  } catch (error) {
    throw asLogError(error);
  }
}

async function page(db: Queryable, of: Which | null, from: number, until: number): Promise<Row[]> {
  try {
    const { rows } = await db.query<Row>(
      `select l.index, e.bytes, e.type, e.change_id, e.actor, e.outcome, e.request_id,
              to_char(e.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as time,
              coalesce(substring(t.hashes from (l.index % 256)::int * 32 + 1 for 32), e.leaf_hash) as leaf_hash
         from audit.leaf l join audit.entry e on e.id = l.entry_id
              left join audit.tile t on t.level = 0 and t.index = l.index / 256
        where l.index >= $1 and l.index < $2 ${of === null ? '' : 'and (e.change_id = $4 or e.id = any($5))'}
        order by l.index limit $3`,
      [from, until, pageSize, ...(of === null ? [] : [of.changeId, of.context])],
    );
    return rows;
  } catch (error) {
    throw asLogError(error);
  }
}

function sealedOf(row: Row): StoredSealed {
  const { bytes } = row;
  const index = Number(row.index);
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    if (!isEntry(body)) throw new Error('without what every entry has');
    if (bytes.includes(0x0a)) throw new Error('a line end within');
    return {
      index,
      body,
      bytes,
      leafHash: leafHash(bytes).toString('hex'),
      columns: columnsOf(body),
      stored: {
        leafHash: row.leaf_hash.toString('hex'),
        columns: {
          type: row.type,
          changeId: row.change_id,
          actor: row.actor,
          outcome: row.outcome,
          requestId: row.request_id,
          time: row.time,
        },
      },
    };
  } catch (cause) {
    throw new CountersignError('integrity_conflict', `row ${index} of the log is no entry`, { cause });
  }
}
