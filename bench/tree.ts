import { formatCheckpoint } from '../audit/checkpoint.ts';
import { latestCheckpoint } from '../audit/checkpoints.ts';
import { rootOf } from '../audit/merkle.ts';
import { signNote } from '../audit/note.ts';
import { generateNoteKey, readNoteSigner } from '../audit/note-key.ts';
import type { NoteSigner } from '../audit/note-key.ts';
import { proveConsistency, proveEntry } from '../audit/prove.ts';
import { publishCheckpoint } from '../audit/publish.ts';
import { sequencePending } from '../audit/sequence-pending.ts';
import { makeTreeReader } from '../audit/tree-reader.ts';
import { fillLog, settle } from './log-entries.ts';
import type { LogDatabase, LogTestbed } from './log-testbed.ts';
import { latency, rounded } from './measure.ts';

/** Sequencing, signing and proving in a log of few entries beside one of many. */
export async function benchTree(
  testbed: LogTestbed,
  options: { few: number; many: number; batches: number; batch: number; proofs: number; rounds: number },
): Promise<object> {
  const { few, many, batches, batch, proofs, rounds } = options;
  const signer = readNoteSigner(generateNoteKey('bench.example.com').privateKey);
  const logs = { few: await testbed.database('few'), many: await testbed.database('many') };
  const sizes = { few, many };
  const names = ['few', 'many'] as const;
  for (const name of names) {
    await fillLog(logs[name], sizes[name]);
    await seal(logs[name], signer);
    await settle(logs[name]);
  }
  const proof = { few: [] as number[], many: [] as number[] };
  const consistency = { few: [] as number[], many: [] as number[] };
  // The sizes are these while proofs are measured, so the checkpoints reach each entry.
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const log = logs[name];
      const checkpoint = await latestCheckpoint(log.reader);
      if (checkpoint === null) throw new Error('there is no checkpoint');
      for (let n = 0; n < proofs; n++) {
        const index = Math.floor(Math.random() * sizes[name]);
        const from = performance.now();
        await proveEntry(log.reader, index, checkpoint);
        const proven = performance.now();
        const size = index + 1;
        const old = { size, root: await rootOf(size, makeTreeReader(log.reader)) };
        const before = performance.now();
        await proveConsistency(log.reader, old, checkpoint);
        if (round === 0) continue;
        proof[name].push(proven - from);
        consistency[name].push(performance.now() - before);
      }
    }
  }
  const sequencing = { few: [] as number[], many: [] as number[] };
  const sealing = { few: [] as number[], many: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const log = logs[name];
      for (let n = 0; n < batches; n++) {
        await appendMany(log, batch);
        const from = performance.now();
        await sequencePending(log.signer, batch);
        const sequenced = performance.now();
        await seal(log, signer);
        if (round === 0) continue;
        sequencing[name].push((1000 * (sequenced - from)) / batch);
        sealing[name].push((1000 * (performance.now() - sequenced)) / batch);
      }
    }
  }
  return {
    entries: { few, many },
    proofOfOneEntryMs: compared(proof),
    proofOfConsistencyMs: compared(consistency),
    batch,
    sequencingMicrosecondsAnEntry: compared(sequencing),
    checkpointMicrosecondsAnEntry: compared(sealing),
  };
}

function compared({ few, many }: { few: number[]; many: number[] }): object {
  const [small, large] = [latency(few), latency(many)];
  return {
    few: small,
    many: large,
    ratio: { p50: rounded(large.p50 / small.p50, 2), mean: rounded(large.mean / small.mean, 2) },
  };
}

/** What a signer does at least: the root, read from the tree, signed and published. */
async function seal(log: LogDatabase, signer: NoteSigner): Promise<void> {
  const { rows } = await log.signer.query<{ size: string }>('select size from audit.head');
  const size = Number(rows[0]?.size);
  const root = await rootOf(size, makeTreeReader(log.signer));
  const note = signNote(formatCheckpoint({ origin: signer.name, size, root }), [signer]);
  await publishCheckpoint(log.signer, { size, root, note });
}

let appended = 0;

async function appendMany(log: LogDatabase, count: number): Promise<void> {
  appended += count;
  await log.worker.query(
    `select count(audit.append('more/' || n || '/attempt.started/1',
              convert_to('{"v":1,"type":"attempt.started","time":"2026-11-24T09:00:00.000Z","n":' || n || '}', 'UTF8')))
       from generate_series($1::int, $2::int) n`,
    [appended, appended + count - 1],
  );
}
