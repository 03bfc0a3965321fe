import pg from 'pg';
import { entryBytes } from '../domain/entry.ts';
import type { EntryDraft } from '../domain/entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { compareText, gather } from './gather.ts';
import { asLogError } from './log-error.ts';

/** An entry as it is stored. */
interface EncodedEntry {
  readonly key: string;
  readonly bytes: Buffer;
}

/** The result of an append: the entry is new, or was there already with the same bytes. */
interface Appended {
  readonly created: boolean;
}

type Append = (entry: EncodedEntry) => Promise<Appended>;

/**
 * Appends an entry, exactly once: the same key and body again is the same entry, `created` false. In a transaction it is
 * there with the rest of it. On a pool it is durable on return; what comes there while other entries are on their way goes
 * with the next statement. It has no index before a sequencer gives it one.
 *
 * @throws CountersignError `integrity_conflict` when the key stands with other bytes, which no retry mends;
 * `invalid_configuration` when the type is not this process's own; `invalid_request` when the entry breaks a rule of
 * docs/audit-log.md; `log_unavailable` when Postgres gave no answer, after which the same call is safe
 */
export async function appendEntry(db: Queryable, draft: EntryDraft): Promise<Appended> {
  if (db instanceof pg.Pool) return await appendOn(db)(encoded(draft));
  const [appended] = await appendEntries(db, [draft]);
  return appended as Appended;
}

/**
 * Appends entries in this order by one statement: all of them or none.
 *
 * @throws CountersignError as {@link appendEntry}, for the first that is refused
 */
export async function appendEntries(db: Queryable, drafts: readonly EntryDraft[]): Promise<Appended[]> {
  return await append(db, drafts.map(encoded));
}

const appends = new WeakMap<pg.Pool, Append>();

function appendOn(pool: pg.Pool): Append {
  const known = appends.get(pool) ?? gather((entries) => append(pool, entries), { order: byKey });
  appends.set(pool, known);
  return known;
}

function byKey(a: EncodedEntry, b: EncodedEntry): number {
  return compareText(a.key, b.key);
}

function encoded({ key, body }: EntryDraft): EncodedEntry {
  const bytes = entryBytes(body);
  return { key, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

async function append(db: Queryable, entries: readonly EncodedEntry[]): Promise<Appended[]> {
  const count = entries.length;
  if (count === 0) return [];
  // Each as a parameter of its own: an array of bytes would travel as text.
  const rows = entries.map((_, n) => `($${2 * n + 1}::text, $${2 * n + 2}::bytea)`);
  try {
    const { rows: appended } = await db.query<Appended>({
      // Prepared once a connection: parsing takes as long as the rest of a repeated delivery.
      name: `audit.append-${count}`,
      text: `select a.created from (values ${rows.join(', ')}) e (key, bytes), audit.append(e.key, e.bytes) a`,
      values: entries.flatMap(({ key, bytes }) => [key, bytes]),
    });
    return appended;
  } catch (error) {
    throw asLogError(error);
  }
}
