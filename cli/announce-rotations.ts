import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { appendEntry } from '../audit/append.ts';
import { findEntry } from '../audit/find-entry.ts';
import { keyIdOf } from '../audit/key-rotation.ts';
import { witnessKeyRotated } from '../audit/log-entries.ts';
import type { EntryDraft } from '../domain/entry.ts';
import { CountersignError } from '../domain/error.ts';
import { statementKeyRotated } from '../domain/key-rotation.ts';
import type { SignedRotation } from '../domain/key-rotation.ts';
import { isoTime } from '../domain/time.ts';
import type { Environment } from './environment.ts';
import { readRotations } from './rotation-files.ts';

/** How long the old key of the API is believed beside the new one, ms: what it has signed may be on its way into the log. */
const overlapMs = 600_000;
const againMs = 5_000;

interface AnnounceLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Writes into the log which keys of the API have followed which, before the new one signs anything: resolves once that is
 * written. That the old ones have ended is written ten minutes later, or by the next API.
 *
 * @throws CountersignError `invalid_configuration` for a file that is no rotation
 */
export async function announceStatementKeys(
  env: Environment,
  pool: Pool,
  log: AnnounceLog,
  waitMs = overlapMs,
): Promise<{ stop(): void }> {
  const rotations = await readRotations(env, 'statement');
  const stopped = new AbortController();
  const write = (ends: boolean) =>
    appendAll(
      pool,
      log,
      stopped.signal,
      rotations.map((rotation) => statementKeyRotated({ id: idOf(rotation), rotation, ends, time: now() })),
    );
  await write(false);
  if (rotations.length > 0) {
    delay(waitMs, undefined, { signal: stopped.signal, ref: false })
      .then(() => write(true))
      .catch(() => undefined);
  }
  return { stop: () => stopped.abort() };
}

/** Writes into the log which keys of the witness have followed which. @throws CountersignError `invalid_configuration` */
export async function announceWitnessKeys(
  env: Environment,
  pool: Pool,
  log: AnnounceLog,
): Promise<{ stop(): void }> {
  const rotations = await readRotations(env, 'witness');
  const stopped = new AbortController();
  const drafts = rotations.map((rotation) =>
    witnessKeyRotated({ id: idOf(rotation), rotation, time: now() }),
  );
  // Nothing waits for it.
  void appendAll(pool, log, stopped.signal, drafts).catch(() => undefined);
  return { stop: () => stopped.abort() };
}

function idOf({ rotation: { use, after } }: SignedRotation): string {
  return keyIdOf(use, after) ?? '';
}

function now(): string {
  return isoTime(Date.now());
}

/** Each once, whichever process comes first; while the log takes no entry, it is tried again. */
async function appendAll(
  pool: Pool,
  log: AnnounceLog,
  stopped: AbortSignal,
  drafts: readonly EntryDraft[],
): Promise<void> {
  for (const draft of drafts) {
    const { key } = draft;
    while (!stopped.aborted) {
      try {
        if ((await findEntry(pool, key)) === null) {
          await appendEntry(pool, draft);
          log.info({ key }, 'the log has that a key was rotated');
        }
        break;
      } catch (error) {
        // Another process has written it, at another moment.
        if (error instanceof CountersignError && error.code === 'integrity_conflict') break;
        log.warn({ err: error as Error, key }, 'that a key was rotated could not be logged yet');
        await delay(againMs, undefined, { signal: stopped, ref: false }).catch(() => undefined);
      }
    }
  }
}
