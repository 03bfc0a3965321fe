import { writeSync } from 'node:fs';
import { appendEntry } from '../../audit/append.ts';
import { openLogMemory } from '../../audit/log-memory.ts';
import { readNoteSigner } from '../../audit/note-key.ts';
import { startSequencer } from '../../audit/sequencer.ts';
import { startSigner } from '../../audit/signer.ts';
import type { EntryDraft } from '../../domain/entry.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { makePool } from '../../store/pool.ts';
import { draft } from './entry-fixture.ts';
import { withSigningPoints } from './signing-points.ts';
import type { SigningPoint } from './signing-points.ts';

/** What such a process is to do, as JSON in its first argument. */
export type LogTask =
  | {
      readonly does: 'write';
      readonly url: string;
      readonly writers: number;
      /** Transactions of each writer, two entries in each; every fourth rolls back. */
      readonly each: number;
      /** Every writer delivers this one, too, again and again. */
      readonly shared: EntryDraft;
    }
  | { readonly does: 'sequence'; readonly url: string }
  | {
      readonly does: 'sign';
      readonly url: string;
      readonly memory: string;
      readonly privateKey: string;
      /** Where it stops itself (SIGSTOP), once. */
      readonly stopsAt: SigningPoint;
    };

const task = JSON.parse(process.argv[2] ?? '') as LogTask;
const pool = makePool({ connectionString: task.url, applicationName: 'test process', max: 20 });
if (task.does === 'write') {
  const { writers, each, shared } = task;
  let committed = 0;
  let created = 0;
  const writer = async (_: unknown, n: number): Promise<void> => {
    for (let t = 0; t < each; t++) {
      const rollBack = (n + t) % 4 === 0;
      await inTransaction(pool, async (client) => {
        await appendEntry(client, draft());
        await appendEntry(client, draft());
        if (rollBack) throw new Error('rolled back');
      }).then(
        () => (committed += 2),
        (error: unknown) => {
          if (!rollBack) throw error;
        },
      );
      if ((await appendEntry(pool, shared)).created) created += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  await pool.end();
  process.stdout.write(JSON.stringify({ committed, created }));
} else if (task.does === 'sequence') {
  startSequencer({ pool, batch: 20, pollMs: 50, silentMs: 1000 });
  process.stdout.write('sequences');
} else {
  let stopped = false;
  const say = (_: object, message: string): void => void writeSync(1, `${message}\n`);
  const options = {
    pool,
    memory: await openLogMemory(task.memory),
    keys: () => Promise.resolve([readNoteSigner(task.privateKey)]),
    anchor: { keep: () => Promise.resolve(), largest: () => Promise.resolve(null) },
    log: { info: say, warn: say, fatal: say },
    groupMs: 20,
    silentMs: 1000,
  };
  startSigner(
    withSigningPoints(options, (point) => {
      if (stopped || point !== task.stopsAt) return;
      stopped = true;
      say({}, 'stops');
      process.kill(process.pid, 'SIGSTOP');
    }),
  );
}
