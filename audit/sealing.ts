import type { Pool } from 'pg';
import { entryBytes } from '../domain/entry.ts';
import type { EntryDraft } from '../domain/entry.ts';
import { CountersignError } from '../domain/error.ts';
import type { Queryable } from '../store/queryable.ts';
import { makeWakeup } from './wakeup.ts';
import { asLogError } from './log-error.ts';
import { gatherReads } from './gathered-reads.ts';
import { inclusionProof, leafHash, verifyInclusion } from './merkle.ts';
import type { HashReader } from './merkle.ts';
import { makeCheckpointReader } from './newest-checkpoint.ts';
import type { TrustedKeys } from './newest-checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { keepSession } from './session.ts';
import type { SessionLog } from './session.ts';
import { makeTreeReader } from './tree-reader.ts';

/** Says when an entry is sealed: contained in a checkpoint that the log's key has signed. */
export interface Sealing {
  /**
   * Resolves at once, unless the log is known not to seal because an entry waited too long.
   * @throws CountersignError `log_unavailable` or `log_untrusted`, as the entry's wait ended
   */
  ready(): Promise<void>;
  /**
   * Resolves once the entry, by the hash of its bytes as they are here, is proved to be in a signed checkpoint.
   *
   * @throws CountersignError `log_unavailable` when that took too long; `log_untrusted` when a checkpoint's signature, or
   * the proof, does not verify: then somebody has altered the database, or this process has another key than the signer
   */
  untilSealed(entry: EntryDraft): Promise<void>;
  /** Ends the waiting; every `untilSealed` that is open fails. */
  stop(): Promise<void>;
}

/** Options of {@link startSealing}. */
export interface SealingOptions {
  /** One of its connections is kept for LISTEN. */
  readonly pool: Pool;
  /** The keys whose signatures a checkpoint must have. */
  readonly keys: TrustedKeys;
  readonly log?: SessionLog;
  /** Longest wait for one entry, ms; default 20000. */
  readonly withinMs?: number;
}

interface Waiter {
  readonly key: string;
  readonly leaf: Buffer;
  resolve(): void;
  reject(error: CountersignError): void;
}

/** How long a look at the database is put off while an entry waits and nobody tells of a checkpoint, ms. */
const lookMs = 250;
const heartbeatMs = 10_000;

/** One LISTEN connection for a whole process; all entries that wait are looked up together. */
export function startSealing(options: SealingOptions): Sealing {
  const { pool, keys, log, withinMs = 20_000 } = options;
  const newestCheckpoint = makeCheckpointReader(keys);
  const waiters = new Set<Waiter>();
  const wakeup = makeWakeup();
  /** The entry that waited too long, and how its wait ended. The log is asked for it until it is sealed. */
  let stalled: { waiter: Waiter; error: CountersignError } | null = null;

  function seal(waiter: Waiter): void {
    waiters.delete(waiter);
    stalled = null;
    waiter.resolve();
  }

  function giveUp(waiter: Waiter, error: CountersignError): void {
    waiters.delete(waiter);
    stalled ??= { waiter, error };
    waiter.reject(error);
  }

  async function look(db: Queryable): Promise<void> {
    const asked = [...waiters, ...(stalled ? [stalled.waiter] : [])];
    if (asked.length === 0) {
      await db.query('select 1');
      return;
    }
    try {
      const checkpoint = await newestCheckpoint(db);
      if (checkpoint === null) return;
      const indexes = await indexesOf(
        db,
        asked.map(({ key }) => key),
      );
      const covered = asked.flatMap((waiter) => {
        const index = indexes.get(waiter.key);
        return index === undefined || index >= checkpoint.size ? [] : [{ waiter, index }];
      });
      const read = gatherReads(makeTreeReader(db));
      await Promise.all(
        covered.map(async ({ waiter, index }) => {
          if (await isProved(read, checkpoint, waiter.leaf, index)) seal(waiter);
          else {
            giveUp(
              waiter,
              new CountersignError(
                'log_untrusted',
                `entry ${waiter.key}: its bytes are not what the checkpoint of size ${checkpoint.size} has at ${index}`,
              ),
            );
          }
        }),
      );
    } catch (error) {
      if (!(error instanceof CountersignError) || error.code !== 'log_untrusted') throw error;
      for (const waiter of asked) giveUp(waiter, error);
    }
  }

  const session = keepSession({
    pool,
    log,
    name: 'sealing',
    async work(client, ended) {
      let told = true;
      client.on('notification', () => {
        told = true;
        wakeup.set();
      });
      await client.query('listen countersign_sealed');
      while (!ended.aborted) {
        if (told) {
          told = false;
          await look(client);
        }
        const since = performance.now();
        const pauseMs = waiters.size > 0 ? lookMs : stalled ? 4 * lookMs : heartbeatMs;
        await wakeup.wait(pauseMs, ended);
        // An entry that began to wait just after its checkpoint was told of, or a dead connection.
        if (performance.now() - since >= pauseMs) told = true;
      }
    },
  });

  return {
    async ready() {
      if (stalled) throw await Promise.resolve(stalled.error);
    },
    untilSealed({ key, body }) {
      return new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          giveUp(
            waiter,
            new CountersignError('log_unavailable', `the log was not sealed within ${withinMs / 1000} s`),
          );
        }, withinMs);
        const waiter: Waiter = {
          key,
          leaf: leafHash(entryBytes(body)),
          resolve() {
            clearTimeout(timer);
            resolve();
          },
          reject(error) {
            clearTimeout(timer);
            reject(error);
          },
        };
        waiters.add(waiter);
        // The first waiter shortens the pause.
        if (waiters.size === 1) wakeup.set();
      });
    },
    async stop() {
      await session.stop();
      for (const waiter of [...waiters]) {
        giveUp(waiter, new CountersignError('log_unavailable', 'this process is stopping'));
      }
    },
  };
}

async function indexesOf(db: Queryable, keys: readonly string[]): Promise<Map<string, number>> {
  try {
    const { rows } = await db.query<{ key: string; index: string }>({
      name: 'indexes-of',
      text: `select e.event_key as key, l.index from audit.entry e join audit.leaf l on l.entry_id = e.id
        where e.event_key = any($1)`,
      values: [keys],
    });
    return new Map(rows.map(({ key, index }) => [key, Number(index)]));
  } catch (error) {
    throw asLogError(error);
  }
}

async function isProved(
  read: HashReader,
  { size, root }: Checkpoint,
  leaf: Buffer,
  index: number,
): Promise<boolean> {
  const proof = await inclusionProof(index, size, read);
  return verifyInclusion({ index, size, leaf, root, proof });
}
