import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { makeFileAnchor } from '../../audit/anchor.ts';
import { appendEntry } from '../../audit/append.ts';
import { openLogMemory } from '../../audit/log-memory.ts';
import type { LogMemory } from '../../audit/log-memory.ts';
import { sequencePending } from '../../audit/sequence-pending.ts';
import { startSigner } from '../../audit/signer.ts';
import type { SignerOptions } from '../../audit/signer.ts';
import type { EventType } from '../../domain/entry.ts';
import { makePool } from '../../store/pool.ts';
import { backUp, cloneDatabase } from '../support/database.ts';
import type { Backup } from '../support/database.ts';
import { eventually } from '../support/service.ts';
import { draft } from './entry-fixture.ts';
import { withSigningPoints } from './signing-points.ts';
import type { SigningPoint } from './signing-points.ts';
import { keyPair } from './tree-fixture.ts';

/** A log of a test's own in a database of its own, with a signer's home. Gone with the test. */
export async function signerTestbed() {
  const [database, home] = await Promise.all([
    cloneDatabase(),
    mkdtemp(join(tmpdir(), 'countersign-signer-')),
  ]);
  const pools = {
    signer: makePool({ connectionString: database.url('signer'), applicationName: 'test signer' }),
    worker: makePool({ connectionString: database.url('worker'), applicationName: 'test worker' }),
  };
  const superuser = new pg.Pool({ connectionString: database.url('superuser'), max: 2 });
  superuser.on('error', () => undefined);
  onTestFinished(async () => {
    await Promise.all([pools.signer.end(), pools.worker.end(), superuser.end()]);
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });
  const key = keyPair(`log.example/${randomUUID()}`);
  const memory = await openLogMemory(join(home, 'memory'));

  return {
    database,
    home,
    key,
    memory,
    signerPool: pools.signer,
    worker: pools.worker,
    superuser,
    /** What the signer remembers. */
    remembered: async (): Promise<LogMemory | null> => (await memory.read())?.value ?? null,
    /** So many entries, each with its place. */
    async grow(count: number, type: EventType = 'change.requested'): Promise<void> {
      for (let n = 0; n < count; n += 1) await appendEntry(pools.worker, draft(type));
      while ((await sequencePending(pools.signer, 1000)) > 0);
    },
    async size(): Promise<number> {
      const { rows } = await superuser.query<{ size: string }>('select size from audit.head');
      return Number(rows[0]?.size ?? 0);
    },
    async checkpoints(): Promise<{ size: number; note: string }[]> {
      const { rows } = await superuser.query<{ size: string; note: string }>(
        'select size, note from audit.checkpoint order by size',
      );
      return rows.map(({ size, note }) => ({ size: Number(size), note }));
    },
    /** A signer in this process, stopped with the test. */
    signer({
      at = () => undefined,
      ...options
    }: Partial<SignerOptions> & { readonly at?: (point: SigningPoint) => Promise<void> | void } = {}) {
      const told: string[] = [];
      const log = {
        info: (fields: object, message: string) =>
          void told.push(`info: ${message} ${JSON.stringify(fields)}`),
        warn: (_: object, message: string) => void told.push(message),
        fatal: (_: object, message: string) => void told.push(`fatal: ${message}`),
      };
      let refusal: string | null = null;
      const all: SignerOptions = {
        pool: pools.signer,
        memory,
        keys: () => Promise.resolve([key.signer]),
        anchor: makeFileAnchor(join(home, 'checkpoints.log')),
        log,
        groupMs: 20,
        onRefusal: (code) => (refusal = code),
        ...options,
      };
      const signer = startSigner(withSigningPoints(all, at));
      onTestFinished(() => signer.stop());
      return { ...signer, told, refusal: () => refusal };
    },
    /** Resolves once all that has a place is signed and public. */
    async signed(): Promise<void> {
      while ((await sequencePending(pools.signer, 1000)) > 0);
      await eventually(async () => {
        const last = (await this.checkpoints()).at(-1);
        return last !== undefined && last.size === (await this.size()) ? true : null;
      });
    },
    /** Resolves once every checkpoint that is public was kept in the anchor's file too, in order, and nothing else. */
    async anchored(file = join(home, 'checkpoints.log')): Promise<string> {
      return eventually(async () => {
        // An empty line behind each.
        const notes = (await this.checkpoints()).map(({ note }) => `${note}\n`).join('');
        return (await readFile(file, 'utf8').catch(() => '')) === notes ? notes : null;
      });
    },
    /** What a superuser can do: anything, past every trigger and every rule. A statement that changes nothing is no attack. */
    async asSuperuser(...statements: string[]): Promise<void> {
      const client = await superuser.connect();
      try {
        for (const table of ['entry', 'leaf', 'tile', 'head', 'pending', 'checkpoint', 'cosignature']) {
          await client.query(`alter table audit.${table} disable trigger all`);
        }
        await client.query('alter table audit.entry drop constraint if exists entry_check');
        await client.query('alter table audit.entry drop constraint if exists entry_leaf_hash_check');
        for (const statement of statements) {
          const { rowCount } = await client.query(statement);
          if (rowCount === 0) throw new Error(`the attack changed nothing: ${statement}`);
        }
      } finally {
        client.release();
      }
    },
    /** Ends the session of the signer that leads, and no other: whoever writes next has the connections it had. */
    async endLeading(): Promise<void> {
      await superuser.query(`select pg_terminate_backend(pid) from countersign.leader where name = 'signer'`);
    },
    async backUp(): Promise<Backup> {
      const backup = await backUp(database);
      onTestFinished(() => backup.drop());
      return backup;
    },
  };
}
export type SignerTestbed = Awaited<ReturnType<typeof signerTestbed>>;
