import type { Pool } from 'pg';
import { CountersignError } from '../domain/error.ts';
import { latestCheckpoint } from './checkpoints.ts';
import type { StoredCheckpoint } from './checkpoints.ts';
import { makeLatch } from './latch.ts';
import { consistencyProof } from './merkle.ts';
import { openNote, splitNote } from './note.ts';
import type { NoteVerifier } from './note-key.ts';
import { publishCosignature } from './publish.ts';
import { makeTreeReader } from './tree-reader.ts';
import { formatWitnessRequest } from './witness-request.ts';

/** Options of {@link startWitnessClient}. */
export interface WitnessClientOptions {
  /** Logs in as the signer. */
  readonly pool: Pool;
  /** The witness's submission prefix; `/add-checkpoint` is below it. */
  readonly url: string;
  /** Its public keys; cosignatures of others are passed over. */
  readonly witnesses: readonly NoteVerifier[];
  readonly log: {
    warn(fields: object, message: string): void;
    fatal(fields: object, message: string): void;
  };
  /** Longest wait for an answer, ms; default 5000. */
  readonly timeoutMs?: number;
  /** What asks the witness; default: Node's own. */
  readonly fetch?: typeof globalThis.fetch;
  /** How often an unchanged tree is cosigned again, ms: the cosignature's time says how fresh it is. Default 10 minutes. */
  readonly refreshMs?: number;
  /** Told how the last request ended: the size that was cosigned, or null. */
  readonly onAnswer?: (cosigned: number | null) => void;
}

/** What a witness said. */
type Answer =
  | { readonly kind: 'cosigned'; readonly lines: string }
  | { readonly kind: 'conflict'; readonly size: number }
  | { readonly kind: 'refused'; readonly status: number };

const longestPauseMs = 60_000;
/** Most characters of an answer that are read. */
const maxAnswer = 16_384;

/**
 * Has the newest checkpoint cosigned whenever it is woken, and now and then besides. It waits for nobody's call and nobody
 * waits for it: while the witness is away, checkpoints go on, and the newest is cosigned when it is back.
 */
export function startWitnessClient(options: WitnessClientOptions): { wake(): void; stop(): Promise<void> } {
  const { log, refreshMs = 600_000, onAnswer } = options;
  const latch = makeLatch();
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  const running = (async () => {
    let [old, cosigned, pauseMs] = [0, 0, 500];
    let freshUntil = 0;
    while (!isStopping()) {
      try {
        const checkpoint = await latestCheckpoint(options.pool);
        if (checkpoint !== null && (checkpoint.size > cosigned || performance.now() >= freshUntil)) {
          old = await cosignOne(options, checkpoint, old, stopping.signal);
          [cosigned, freshUntil] = [checkpoint.size, performance.now() + refreshMs];
          onAnswer?.(cosigned);
        }
        pauseMs = 500;
        await latch.wait(Math.min(refreshMs, longestPauseMs), stopping.signal);
      } catch (error) {
        if (isStopping()) return;
        onAnswer?.(null);
        if (error instanceof CountersignError && error.code === 'integrity_conflict') {
          log.fatal(
            { err: error },
            'the witness does not cosign: it saw another log, or knows no key of this one',
          );
        } else log.warn({ err: error as Error }, 'the witness gave no cosignature; it is asked again');
        await makeLatch().wait(pauseMs, stopping.signal);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
  })();
  return {
    wake: () => latch.set(),
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
): Promise<number> {
  const { pool, witnesses } = options;
  const { size, note } = checkpoint;
  let old = Math.min(believed, size);
  for (let tries = 0; tries < 3; tries += 1) {
    const proof = await consistencyProof(old, size, makeTreeReader(pool));
    const answer = await ask(
      options,
      formatWitnessRequest({ oldSize: old, proof, checkpoint: note }),
      stopping,
    );
    if (answer.kind === 'refused') refused(`it answers ${answer.status} to a tree of ${size}`);
    if (answer.kind === 'conflict') {
      if (answer.size > size)
        refused(`it has cosigned a tree of ${answer.size}, and there are ${size} entries`);
      if (answer.size === old) refused(`it has cosigned another tree of ${old}`);
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

async function ask(
  { url, timeoutMs = 5_000, fetch = globalThis.fetch }: WitnessClientOptions,
  body: string,
  stopping: AbortSignal,
): Promise<Answer> {
  const response = await fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
    method: 'POST',
    body,
    redirect: 'error',
    signal: AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]),
  });
  const text = await readShort(response);
  if (response.status === 200) return { kind: 'cosigned', lines: text };
  const size = /^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1];
  if (response.status === 409 && size !== undefined) return { kind: 'conflict', size: Number(size) };
  if (response.status >= 500) throw new Error(`the witness answers ${response.status}`);
  return { kind: 'refused', status: response.status };
}

async function readShort(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > maxAnswer) throw new Error('the witness answers too much');
  }
  return text;
}

function refused(message: string): never {
  throw new CountersignError('integrity_conflict', `witness: ${message}`);
}
