import type { Pool } from 'pg';
import type { RaiseAlarm } from '../domain/alarm.ts';
import { CountersignError } from '../domain/error.ts';
import { askWitness, hearWitness } from './ask-witness.ts';
import type { WitnessAddress } from './ask-witness.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { latestCheckpoint } from './checkpoints.ts';
import type { StoredCheckpoint } from './checkpoints.ts';
import { makeWakeup } from './wakeup.ts';
import { consistencyProof } from './merkle.ts';
import { openNote, splitNote } from './note.ts';
import type { NoteVerifier } from './note-key.ts';
import type { WitnessView } from './other-evidence.ts';
import { publishCosignature } from './publish.ts';
import { readUnsealed } from './unsealed.ts';
import type { WitnessObjection } from './refusal-to-sign.ts';
import { makeTreeReader } from './tree-reader.ts';
import { formatWitnessRequest } from './witness-request.ts';

/** Options of {@link startWitnessClient}. */
export interface WitnessClientOptions extends WitnessAddress {
  /** Logs in as the signer. */
  readonly pool: Pool;
  /** Its public keys; cosignatures of others are passed over. */
  readonly witnesses: readonly NoteVerifier[];
  readonly log: {
    warn(fields: object, message: string): void;
    fatal(fields: object, message: string): void;
  };
  /** How often an unchanged tree is cosigned again, ms: the cosignature's time says how fresh it is. Default 10 minutes. */
  readonly refreshMs?: number;
  /** Called with the result of the last request: the size that was cosigned, or null. */
  readonly onAnswer?: (cosigned: number | null) => void;
  /** Called when the witness begins to refuse. Default: nothing is called. */
  readonly alarm?: RaiseAlarm;
}

/** Has checkpoints cosigned, and tells the signer what the witness says against them. */
export interface WitnessClient extends WitnessView {
  wake(): void;
  stop(): Promise<void>;
}

const longestPauseMs = 60_000;
/**
 * How long entries may wait for a checkpoint before the newest is no longer cosigned, s. A cosignature dates all entries after it:
 * what waits meanwhile would be older than a cosignature that it follows. Less than the tolerance of whoever verifies.
 */
const longestUnsealed = 120;
/** Longest wait before a signer's first signature, ms: calls wait for it. */
const askMs = 3_000;
/** Answers of a witness that has cosigned something that this tree does not continue (C2SP tlog-witness). */
const noContinuation = 422;

/**
 * Has the newest checkpoint cosigned whenever it is woken, and now and then besides. It waits for nobody's call and nobody
 * waits for it: while the witness is away, checkpoints go on, and the newest is cosigned when it is back. While entries wait
 * for a checkpoint, as when the signer refuses, none is cosigned.
 */
export function startWitnessClient(options: WitnessClientOptions): WitnessClient {
  const { log, refreshMs = 600_000, onAnswer, alarm } = options;
  let objection: WitnessObjection | null = null;
  let refuses = false;
  const wakeup = makeWakeup();
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  const running = (async () => {
    let [old, cosigned, pauseMs] = [0, 0, 500];
    let freshUntil = 0;
    while (!isStopping()) {
      try {
        const checkpoint = await latestCheckpoint(options.pool);
        const isDue = checkpoint !== null && (checkpoint.size > cosigned || performance.now() >= freshUntil);
        if (isDue && (await readUnsealed(options.pool)).seconds < longestUnsealed) {
          old = await cosignOne(options, checkpoint, old, stopping.signal, (said) => (objection = said));
          refuses = false;
          [cosigned, freshUntil] = [checkpoint.size, performance.now() + refreshMs];
          onAnswer?.(cosigned);
        }
        pauseMs = 500;
        await wakeup.wait(Math.min(refreshMs, longestPauseMs), stopping.signal);
      } catch (error) {
        if (isStopping()) return;
        onAnswer?.(null);
        if (error instanceof CountersignError && error.code === 'integrity_conflict') {
          if (!refuses) alarm?.('witness_refuses', error.message, { witness: options.url });
          refuses = true;
          log.fatal(
            { err: error },
            'the witness does not cosign: it saw another log, knows no key of this one, or has lost its memory',
          );
        } else log.warn({ err: error as Error }, 'the witness gave no cosignature; it is asked again');
        await makeWakeup().wait(pauseMs, stopping.signal);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
  })();
  return {
    wake: () => wakeup.set(),
    ask: ({ size }, note) =>
      hearWitness(
        { url: options.url, timeoutMs: Math.min(options.timeoutMs ?? askMs, askMs) },
        size,
        formatWitnessRequest({ oldSize: size, proof: [], checkpoint: note }),
      ),
    objection() {
      const said = objection;
      objection = null;
      return said;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Has a checkpoint cosigned and keeps the cosignature; answers the size that the witness has then. */
async function cosignOne(
  options: WitnessClientOptions,
  checkpoint: StoredCheckpoint,
  believed: number,
  stopping: AbortSignal,
  object: (objection: WitnessObjection) => void,
): Promise<number> {
  const { pool, witnesses } = options;
  const { size, note } = checkpoint;
  const { origin } = parseCheckpoint(splitNote(note).text);
  let old = Math.min(believed, size);
  for (let tries = 0; tries < 3; tries += 1) {
    const proof = await consistencyProof(old, size, makeTreeReader(pool));
    const request = formatWitnessRequest({ oldSize: old, proof, checkpoint: note });
    const answer = await askWitness(options, request, stopping);
    if (answer.kind === 'refused') {
      if (answer.status === noContinuation) object({ kind: 'differs', origin, size: old });
      refused(`${answer.reason}, to a tree of ${size}`);
    }
    if (answer.kind === 'conflict') {
      if (answer.size > size) {
        // Another signer may have gone on, and had more cosigned, since this checkpoint was read.
        const latest = await latestCheckpoint(pool);
        if (latest !== null && latest.size >= answer.size) {
          return cosignOne(options, latest, answer.size, stopping, object);
        }
        object({ kind: 'ahead', origin, size: answer.size });
        refused(`it has cosigned a tree of ${answer.size}, and there are ${size} entries`);
      }
      if (answer.size === old) {
        object({ kind: 'differs', origin, size: old });
        refused(`it has cosigned another tree of ${old}`);
      }
      old = answer.size;
      continue;
    }
    const { text } = splitNote(note);
    const opened = openNote(`${text}\n${answer.lines}`, witnesses);
    for (const { name, line, keyId } of splitNote(`${text}\n${answer.lines}`).lines) {
      const valid = opened.signatures.find(
        (signature) => signature.name === name && signature.keyId === keyId,
      );
      if (valid?.time == null) continue;
      await publishCosignature(pool, { size, witness: name, cosignedAt: new Date(valid.time * 1000), line });
    }
    // Calls may wait for it, too.
    await pool.query(`select pg_notify('countersign_sealed', $1)`, [String(size)]);
    return size;
  }
  throw new Error('the witness names another size each time');
}

function refused(message: string): never {
  throw new CountersignError('integrity_conflict', `witness: ${message}`);
}
