import { CountersignError } from '../domain/error.ts';
import type { Queryable } from '../store/queryable.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { latestCheckpoint } from './checkpoints.ts';
import { makeFrontier } from './frontier.ts';
import type { Frontier } from './frontier.ts';
import { asLogError } from './log-error.ts';
import type { LogMemory } from './log-memory.ts';
import { leafHash, rootOf } from './merkle.ts';
import { splitNote } from './note.ts';
import type { SigningEvidence, TreeState } from './refusal-to-sign.ts';
import { makeTreeReader } from './tree-reader.ts';

const batch = 1000;

/** What Postgres and the signer's memory say, and the tree as the signer has hashed it from the entries' bytes. */
export interface Gathered {
  readonly evidence: SigningEvidence;
  /** Of the size and root to sign; of no use unless the evidence is sound. */
  readonly frontier: Frontier;
}

/**
 * Looks at the log as it is now. Reads the bytes of each entry beyond what is remembered, and nothing twice: work for an
 * entry does not grow with the log.
 *
 * @param memory - null where nothing is remembered; then nothing is hashed
 * @throws CountersignError `log_unavailable`
 */
export async function gatherEvidence(
  db: Queryable,
  origin: string,
  memory: LogMemory | null,
): Promise<Gathered> {
  const { size, begun } = await readHead(db);
  const published = await publishedUnder(db, origin);
  const read = makeTreeReader(db);
  const rootAt = (at: number): Promise<Buffer | null> => nullIfMissing(rootOf(at, read));
  const frontier = makeFrontier(memory ? { size: memory.size, hashes: memory.frontier } : undefined);
  const evidence = {
    remembered: memory && { size: memory.size, root: Buffer.from(memory.root, 'base64') },
    published,
    begun,
    size,
    tilesThen: memory && size >= memory.size ? await rootAt(memory.size) : null,
    tilesNow: await rootAt(size),
    own: memory && (await extend(db, frontier, size)) ? frontier.root() : null,
  };
  return { evidence, frontier };
}

async function readHead(db: Queryable): Promise<{ size: number; begun: boolean }> {
  try {
    const { rows } = await db.query<{ size: string; begun: boolean }>(
      `select h.size, exists (select from audit.checkpoint) or
                      exists (select from audit.entry where type = 'log.started') as begun
         from audit.head h`,
    );
    // Without its head a log has nothing, whatever else is there.
    return { size: Number(rows[0]?.size ?? 0), begun: rows[0]?.begun ?? true };
  } catch (error) {
    throw asLogError(error);
  }
}

/** The last checkpoint in Postgres, where it is of this origin; one of an origin before it does not count. */
async function publishedUnder(db: Queryable, origin: string): Promise<TreeState | null> {
  const last = await latestCheckpoint(db);
  return last !== null && parseCheckpoint(splitNote(last.note).text).origin === origin ? last : null;
}

/** Hashes the entries from the frontier's end up to `size`; false when one is missing or out of order. */
async function extend(db: Queryable, frontier: Frontier, size: number): Promise<boolean> {
  while (frontier.size < size) {
    const rows = await readEntries(db, frontier.size, Math.min(size, frontier.size + batch));
    if (rows.length === 0) return false;
    for (const { index, bytes } of rows) {
      if (Number(index) !== frontier.size) return false;
      frontier.append(leafHash(bytes));
    }
  }
  return true;
}

async function readEntries(
  db: Queryable,
  from: number,
  to: number,
): Promise<{ index: string; bytes: Buffer }[]> {
  try {
    const { rows } = await db.query<{ index: string; bytes: Buffer }>({
      name: 'read-entries',
      text: `select l.index, e.bytes from audit.leaf l join audit.entry e on e.id = l.entry_id
        where l.index >= $1 and l.index < $2 order by l.index`,
      values: [from, to],
    });
    return rows;
  } catch (error) {
    throw asLogError(error);
  }
}

async function nullIfMissing(root: Promise<Buffer>): Promise<Buffer | null> {
  try {
    return await root;
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'integrity_conflict') return null;
    throw error;
  }
}
