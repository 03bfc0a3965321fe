import { createHash } from 'node:crypto';
import { openCheckpointOf } from '../pack/published-checkpoint.ts';
import { splitNote } from '../note.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { CountersignError } from '../../domain/error.ts';
import { checkpointPath, cosignedCheckpointPath, keptCheckpointPath } from './tile-path.ts';
import { keep } from './place.ts';
import type { Place, Source } from './place.ts';

/** A checkpoint, its signatures unchecked. */
export type ReadCheckpoint = Checkpoint & { readonly note: string };

/**
 * The checkpoint that a place has, or null in an empty one. Its signature is not asked for: whoever forwards only stops by
 * it, or does again what is done.
 *
 * @throws CountersignError `forwarded_log_differs` for what is no checkpoint; `place_unavailable`
 */
export async function readForwarded(place: Source, signal?: AbortSignal): Promise<ReadCheckpoint | null> {
  const bytes = await place.read(checkpointPath, signal);
  if (bytes === null) return null;
  try {
    return openCheckpointOf({ note: bytes.toString() });
  } catch (cause) {
    const message = `${place.name}: ${checkpointPath} is no checkpoint; somebody has altered it`;
    throw new CountersignError('forwarded_log_differs', message, { cause });
  }
}

/**
 * Keeps a checkpoint for good, and a cosigned one also with its cosignatures, where `before` lacks some of its witnesses.
 * A witness that says the same again every few minutes adds nothing.
 *
 * @param before - what the place has as its newest
 * @throws CountersignError `forwarded_log_differs`, `place_unavailable`
 */
export async function keepCheckpoint(
  place: Place,
  checkpoint: ReadCheckpoint,
  before: ReadCheckpoint | null,
  signal?: AbortSignal,
): Promise<void> {
  const { note, size } = checkpoint;
  await keep(place, keptCheckpointPath(size), Buffer.from(withoutCosignatures(checkpoint)), signal);
  if (newWitnesses(checkpoint, before).length === 0) return;
  const digest = createHash('sha256').update(note).digest('hex');
  await keep(place, cosignedCheckpointPath(size, digest), Buffer.from(note), signal);
}

/** The witnesses, by name and key, that have cosigned a checkpoint and not the one before, if that is of the same tree. */
function newWitnesses(checkpoint: ReadCheckpoint, before: ReadCheckpoint | null): string[] {
  const known = before?.size === checkpoint.size ? witnessesOf(before) : [];
  return witnessesOf(checkpoint).filter((witness) => !known.includes(witness));
}

/** The same tree gives the same bytes: those that the signer published. */
function withoutCosignatures({ note, origin }: ReadCheckpoint): string {
  const { text, lines } = splitNote(note);
  const own = lines.filter(({ name }) => name === origin);
  return `${text}\n${own.map(({ line }) => `${line}\n`).join('')}`;
}

function witnessesOf({ note, origin }: ReadCheckpoint): string[] {
  return splitNote(note)
    .lines.filter(({ name }) => name !== origin)
    .map(({ name, keyId }) => `${name}+${keyId}`);
}
