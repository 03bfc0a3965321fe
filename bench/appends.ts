import type { Pool } from 'pg';
import { appendEntries, appendEntry } from '../audit/append.ts';
import type { EntryDraft } from '../domain/entry.ts';
import { entryBytes } from '../domain/entry.ts';
import { startChild } from '../embedded/child.ts';
import { entry, plainEnv } from './testbed.ts';
import { sampleDraft } from './log-entries.ts';
import type { LogDatabase, LogTestbed } from './log-testbed.ts';
import { latency, perSecond, rounded, stretch } from './measure.ts';
import type { Stretch } from './measure.ts';
import { benchSealing } from './sealing.ts';
import { processorMs } from './usage.ts';

/**
 * Appends at 1, 8 and 32 writers beside single-row inserts of the same bytes into a plain table: by `appendEntry`, where what
 * comes at once shares a commit, and, beside nothing that is promised, each in a commit of its own.
 */
export async function benchAppends(
  testbed: LogTestbed,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<object> {
  const database = await testbed.database('appends');
  await database.migrator.query(
    `create table public.plain (id bigint generated always as identity primary key, bytes bytea not null)`,
  );
  const signer = await startChild({
    command: process.execPath,
    stopSignal: 'SIGTERM',
    args: [entry, 'signer'],
    env: {
      ...plainEnv,
      LOG_LEVEL: 'warn',
      COUNTERSIGN_HOME: testbed.home,
      DATABASE_URL: database.urls.signer,
    },
    log: (line) => process.stderr.write(`[signer] ${line}\n`),
  });
  const options = { testbed, database, rounds, seconds, signerPid: signer.pid };
  const appends: Compared[] = [];
  const alone: Compared[] = [];
  try {
    for (const writers of [1, 8, 32])
      appends.push(await compare({ ...options, writers, append: appendEntry }));
    const highest = Math.max(...appends.map((result) => result.appendsPerSecond));
    const sealing = await benchSealing(database, highest / 2, 4 * seconds);
    const append = (db: Pool, draft: EntryDraft) => appendEntries(db, [draft]);
    for (const writers of [8, 32]) alone.push(await compare({ ...options, writers, append }));
    return { appends, sealingAtHalfTheHighest: sealing, eachInACommitOfItsOwn: alone };
  } finally {
    await signer.stop(15_000);
  }
}

interface Compared {
  readonly appendsPerSecond: number;
  readonly [figure: string]: unknown;
}

/** Stretches of inserts and of appends in turn, the first of each to warm up. */
async function compare(options: {
  readonly testbed: LogTestbed;
  readonly database: LogDatabase;
  readonly rounds: number;
  readonly seconds: number;
  readonly writers: number;
  readonly signerPid: number;
  readonly append: (db: Pool, draft: EntryDraft) => Promise<unknown>;
}): Promise<Compared> {
  const { testbed, database, rounds, seconds, writers, signerPid, append } = options;
  const runs = { plain: [] as Stretch[], append: [] as Stretch[] };
  const ratios: number[] = [];
  let longestQueue = 0;
  const processor = { plain: 0, append: 0 };
  for (let round = 0; round <= rounds; round++) {
    for (const what of round % 2 === 0 ? (['plain', 'append'] as const) : (['append', 'plain'] as const)) {
      // More than there is time for.
      const drafts = Array.from({ length: 15_000 * seconds }, sampleDraft);
      const plain = drafts.map(({ body }) => Buffer.from(entryBytes(body)));
      const used = await processorOf(testbed, signerPid);
      const run =
        what === 'plain'
          ? await stretch(plain, writers, seconds, (bytes) =>
              database.migrator.query('insert into public.plain (bytes) values ($1)', [bytes]),
            )
          : await stretch(drafts, writers, seconds, (draft) => append(database.worker, draft));
      if (what === 'append') longestQueue = Math.max(longestQueue, await queueLength(database));
      while ((await queueLength(database)) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      // The first is to warm up.
      if (round === 0) continue;
      runs[what].push(run);
      processor[what] += (await processorOf(testbed, signerPid)) - used;
    }
    const last = (what: 'plain' | 'append'): number => perSecond(runs[what].slice(-1));
    if (round > 0) ratios.push(rounded(last('append') / last('plain'), 2));
  }
  const [appends, inserts] = [perSecond(runs.append), perSecond(runs.plain)];
  const each = (what: 'plain' | 'append'): number =>
    processor[what] / runs[what].reduce((sum, run) => sum + run.latencies.length, 0);
  return {
    writers,
    appendsPerSecond: appends,
    insertsPerSecond: inserts,
    ratio: rounded(appends / inserts, 2),
    rounds: ratios,
    appendMs: latency(runs.append.flatMap((run) => run.latencies)),
    insertMs: latency(runs.plain.flatMap((run) => run.latencies)),
    // Of Postgres, the writers' process and the signer's, until the queue is empty.
    processorMsEach: { append: rounded(each('append'), 3), insert: rounded(each('plain'), 3) },
    processorRatio: rounded(each('plain') / each('append'), 2),
    longestQueueAtTheEnd: longestQueue,
  };
}

async function processorOf({ postgresPid }: LogTestbed, signerPid: number): Promise<number> {
  const own = process.cpuUsage();
  const others = await Promise.all([processorMs(postgresPid, true), processorMs(signerPid)]);
  return others.reduce<number>((sum, ms) => sum + (ms ?? NaN), (own.user + own.system) / 1000);
}

async function queueLength({ reader }: LogDatabase): Promise<number> {
  const { rows } = await reader.query<{ count: number }>('select count(*)::int as count from audit.pending');
  return rows[0]?.count ?? 0;
}
