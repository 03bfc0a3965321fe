import { CountersignError } from '../domain/error.ts';
import type { Queryable } from '../store/queryable.ts';
import { openCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { cosignedCheckpoint, latestCheckpoint } from './checkpoints.ts';
import type { NoteVerifier } from './note-key.ts';

/** Whose signatures make a checkpoint trusted. */
export interface TrustedKeys {
  /** The log's public keys; one signature of them is needed. */
  readonly log: readonly NoteVerifier[];
  /** Where not empty, a cosignature of one of these witnesses is needed as well. */
  readonly witnesses: readonly NoteVerifier[];
}

/**
 * Reads the newest checkpoint that should be trusted, and verifies it; one that was verified before is not verified again.
 *
 * @returns null before the first
 * @throws CountersignError `log_untrusted` when a signature is wrong or missing; `log_unavailable`
 */
export function makeCheckpointReader(keys: TrustedKeys): (db: Queryable) => Promise<Checkpoint | null> {
  let last: { readonly note: string; readonly checkpoint: Checkpoint } | null = null;
  return async (db) => {
    const stored = await (keys.witnesses.length > 0 ? cosignedCheckpoint(db) : latestCheckpoint(db));
    if (stored === null) return null;
    if (stored.note !== last?.note)
      last = { note: stored.note, checkpoint: openTrustedCheckpoint(stored.note, keys) };
    return last.checkpoint;
  };
}

/**
 * The checkpoint in a note that is to be trusted.
 * @throws CountersignError `log_untrusted` when a signature is wrong or missing
 */
export function openTrustedCheckpoint(note: string, { log, witnesses }: TrustedKeys): Checkpoint {
  let reason: unknown = null;
  for (const key of log) {
    try {
      const opened = openCheckpoint(note, { log: key, witnesses });
      if (witnesses.length === 0 || opened.cosignatures.length > 0) return opened;
      reason = new CountersignError('bad_signature', 'no cosignature of a known witness');
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error;
      reason ??= error;
    }
  }
  const why = reason instanceof Error ? reason.message : 'no key of the log is known';
  throw new CountersignError('log_untrusted', `the log's checkpoint is not trusted: ${why}`, {
    cause: reason,
  });
}
