import pg from 'pg';
import { appendEntry } from '../../audit/append.ts';
import { formatCheckpoint } from '../../audit/checkpoint.ts';
import { rootOf } from '../../audit/merkle.ts';
import { signNote, signatureLine } from '../../audit/note.ts';
import { generateNoteKey, readNoteSigner } from '../../audit/note-key.ts';
import type { NoteSigner } from '../../audit/note-key.ts';
import { publishCheckpoint, publishCosignature } from '../../audit/publish.ts';
import { sequencePending } from '../../audit/sequence-pending.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { DatabaseRole, TestDatabase } from '../support/database.ts';
import { draft } from './entry-fixture.ts';

/** A signed head as somebody keeps it. */
export interface Head {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
}

/** A log in a database of its own, with its keys. */
export interface TestLog {
  readonly database: TestDatabase;
  readonly worker: pg.Pool;
  readonly sequencer: pg.Pool;
  readonly reader: pg.Pool;
  readonly signer: NoteSigner;
  readonly witness: NoteSigner;
  /** Appends and sequences so many entries. */
  grow(count: number): Promise<void>;
  /** Signs a head, whatever it says. */
  sign(size: number, root: Buffer): Head;
  /** Signs and publishes the tree as Postgres has it; the signer's own checks are left out. */
  seal(options?: { cosigned?: boolean }): Promise<Head>;
  bytesAt(index: number): Promise<Buffer>;
  /** Runs SQL as somebody, in one session. */
  as(role: DatabaseRole, ...statements: string[]): Promise<pg.QueryResult>;
  drop(): Promise<void>;
}

export async function makeLog(): Promise<TestLog> {
  const database = await cloneDatabase();
  const pool = (role: DatabaseRole): pg.Pool =>
    makePool({ connectionString: database.url(role), applicationName: 'test' });
  const [worker, sequencer, reader] = [pool('worker'), pool('signer'), pool('reader')];
  const signer = readNoteSigner(generateNoteKey('example.com/log').privateKey);
  const witness = readNoteSigner(generateNoteKey('witness.example.com', 'cosignature/v1').privateKey);
  const text = (size: number, root: Buffer): string => formatCheckpoint({ origin: signer.name, size, root });
  const sign = (size: number, root: Buffer): Head => ({
    size,
    root,
    note: signNote(text(size, root), [signer]),
  });
  return {
    database,
    worker,
    sequencer,
    reader,
    signer,
    witness,
    async grow(count) {
      await inTransaction(worker, async (client) => {
        for (let n = 0; n < count; n++) await appendEntry(client, draft());
      });
      while ((await sequencePending(sequencer, 500)) > 0);
    },
    sign,
    async seal({ cosigned = false } = {}) {
      const { rows } = await reader.query<{ size: string }>('select size from audit.head');
      const size = Number(rows[0]?.size);
      const head = sign(size, await rootOf(size, makeTreeReader(reader)));
      await publishCheckpoint(sequencer, head);
      if (cosigned) {
        const cosignedAt = new Date('2026-11-24T10:00:00Z');
        const line = signatureLine(text(size, head.root), witness, cosignedAt.getTime()).trimEnd();
        await publishCosignature(sequencer, { size, witness: witness.name, cosignedAt, line });
      }
      return head;
    },
    async bytesAt(index) {
      const { rows } = await reader.query<{ bytes: Buffer }>(
        'select e.bytes from audit.leaf l join audit.entry e on e.id = l.entry_id where l.index = $1',
        [index],
      );
      if (rows[0] === undefined) throw new Error(`there is no entry ${index}`);
      return rows[0].bytes;
    },
    async as(role, ...statements) {
      const client = new pg.Client({ connectionString: database.url(role) });
      await client.connect();
      try {
        let result: pg.QueryResult | undefined;
        for (const sql of statements) result = await client.query(sql);
        if (result === undefined) throw new Error('no statement');
        return result;
      } finally {
        await client.end();
      }
    },
    async drop() {
      await Promise.all([worker.end(), sequencer.end(), reader.end()]);
      await database.drop();
    },
  };
}
