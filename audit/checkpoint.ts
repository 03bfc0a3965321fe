import { CountersignError } from '../domain/error.ts';
import { fromBase64 } from './base64.ts';
import { hashBytes } from './merkle.ts';
import { openNote } from './note.ts';
import type { NoteSignature } from './note.ts';
import type { NoteVerifier } from './note-key.ts';

/** A tree's head. */
export interface Checkpoint {
  /** Which log: the name of its key. */
  readonly origin: string;
  /** How many entries it has. */
  readonly size: number;
  /** The root of its tree. */
  readonly root: Buffer;
}

/** A checkpoint that the log's key has signed. */
export interface OpenedCheckpoint extends Checkpoint {
  /** Those of known keys, the log's own first. */
  readonly signatures: readonly NoteSignature[];
  /** The signatures of known witnesses: each says that it saw the log grow up to here by its `time`. */
  readonly cosignatures: readonly NoteSignature[];
}

/**
 * A checkpoint's text, to be signed as a note (C2SP tlog-checkpoint). We add no extension lines.
 * @throws CountersignError `malformed_evidence`
 */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (origin === '' || origin.includes('\n')) malformed('an origin of one line');
  if (!Number.isSafeInteger(size) || size < 0) malformed(`a size from 0, got ${size}`);
  if (root.length !== hashBytes) malformed(`a root of ${hashBytes} bytes`);
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

/**
 * Reads a checkpoint's text. Extension lines are passed over, as the format asks.
 * @throws CountersignError `malformed_evidence`
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length < 3 || lines.includes(''))
    malformed('three lines or more, none empty');
  const [origin = '', sizeText = '', rootText = ''] = lines;
  const size = Number(sizeText);
  if (!/^(0|[1-9][0-9]*)$/.test(sizeText) || !Number.isSafeInteger(size))
    malformed(`a size, got ${sizeText}`);
  const root = fromBase64(rootText);
  if (root?.length !== hashBytes) malformed(`a root of ${hashBytes} bytes in base64`);
  return { origin, size, root };
}

/**
 * The checkpoint in a note that the log's key has signed; a witness's cosignature alone does not do.
 *
 * @throws CountersignError `bad_signature` when the log's signature is missing or any known one is wrong, or the
 * checkpoint is of another log; `malformed_evidence`
 */
export function openCheckpoint(
  note: string,
  keys: { readonly log: NoteVerifier; readonly witnesses?: readonly NoteVerifier[] },
): OpenedCheckpoint {
  const { log, witnesses = [] } = keys;
  const { text, signatures } = openNote(note, [log, ...witnesses]);
  const isLogs = (s: NoteSignature): boolean => s.name === log.name && s.keyId === log.keyId;
  const own = signatures.filter(isLogs);
  const cosignatures = signatures.filter((s) => !isLogs(s));
  const checkpoint = parseCheckpoint(text);
  if (own.length === 0) throw new CountersignError('bad_signature', `checkpoint: not signed by ${log.name}`);
  if (checkpoint.origin !== log.name) {
    throw new CountersignError(
      'bad_signature',
      `checkpoint: expected of ${log.name}, got of ${checkpoint.origin}`,
    );
  }
  return { ...checkpoint, signatures: [...own, ...cosignatures], cosignatures };
}

function malformed(expected: string): never {
  throw new CountersignError('malformed_evidence', `checkpoint: expected ${expected}`);
}
