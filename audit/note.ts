import { CountersignError } from '../domain/error.ts';
import { fromBase64 } from './base64.ts';
import { isKeyName } from './note-key.ts';
import type { NoteAlgorithm, NoteSigner, NoteVerifier } from './note-key.ts';

/** A note that a known key has signed. */
export interface OpenedNote {
  /** With its last newline. */
  readonly text: string;
  /** The signatures of known keys, all of them valid; each key once. */
  readonly signatures: readonly NoteSignature[];
  /** How many signatures are of keys that are not known. */
  readonly unknown: number;
}

/** A valid signature of a known key. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly algorithm: NoteAlgorithm;
  /** When a cosigner signed, in seconds since 1970; null for a plain signature. */
  readonly time: number | null;
}

/** Most characters of a note, and most signatures under it, that are read. */
const maxCharacters = 1_000_000;
const maxSignatures = 100;

/**
 * A text, which ends in a newline, with a signature line for each signer: a C2SP signed note.
 * @param now - milliseconds since 1970, for the signers that sign a time
 * @throws CountersignError `malformed_evidence` for a text that no note can have
 */
export function signNote(text: string, signers: readonly NoteSigner[], now: number = Date.now()): string {
  if (!isNoteText(text)) malformed('a text of lines that end in newlines');
  return `${text}\n${signers.map((signer) => signatureLine(text, signer, now)).join('')}`;
}

/** The line, with its newline, that says that a key signed the text. */
export function signatureLine(text: string, signer: NoteSigner, now: number = Date.now()): string {
  const bytes = Buffer.concat([Buffer.from(signer.keyId, 'hex'), signer.sign(text, now)]);
  return `— ${signer.name} ${bytes.toString('base64')}\n`;
}

/**
 * The parts of a note, its signatures unchecked.
 * @throws CountersignError `malformed_evidence`
 */
export function splitNote(note: string): { readonly text: string; readonly lines: readonly SignatureLine[] } {
  if (note.length > maxCharacters) malformed(`at most ${maxCharacters} characters`);
  const split = note.lastIndexOf('\n\n');
  if (split < 0) malformed('a text, an empty line and signatures');
  const text = note.slice(0, split + 1);
  if (!isNoteText(text) || !note.endsWith('\n')) malformed('lines of UTF-8 without control characters');
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > maxSignatures) malformed(`at most ${maxSignatures} signatures`);
  return { text, lines: lines.map(readLine) };
}

/** A signature that nobody has checked yet. */
export interface SignatureLine {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Buffer;
  /** As it stands in the note, without its newline. */
  readonly line: string;
}

/**
 * The text of a note that at least one of the known keys has signed. Signatures of other keys are counted and passed
 * over; a wrong one of a known key spoils the note (C2SP signed-note, "Signatures").
 *
 * @throws CountersignError `malformed_evidence` for what is no signed note, `bad_signature` for a wrong signature or none
 * of a known key
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): OpenedNote {
  const { text, lines } = splitNote(note);
  const signatures = new Map<NoteVerifier, NoteSignature>();
  let unknown = 0;
  for (const { name, keyId, signature } of lines) {
    const known = verifiers.filter((v) => v.name === name && v.keyId === keyId);
    const [verifier] = known;
    if (verifier === undefined) {
      unknown += 1;
      continue;
    }
    if (known.length > 1)
      throw new CountersignError('bad_signature', `note: two known keys are ${name}+${keyId}`);
    const { valid, time } = verifier.verify(text, signature);
    if (!valid) throw new CountersignError('bad_signature', `note: the signature of ${name} does not verify`);
    if (!signatures.has(verifier)) {
      signatures.set(verifier, { name, keyId, algorithm: verifier.algorithm, time });
    }
  }
  if (signatures.size === 0) {
    throw new CountersignError('bad_signature', 'note: expected a signature of a known key, got none');
  }
  return { text, signatures: [...signatures.values()], unknown };
}

function readLine(line: string): SignatureLine {
  const [dash, name = '', base64 = '', ...more] = line.split(' ');
  const bytes = fromBase64(base64);
  if (dash !== '—' || !isKeyName(name) || bytes === null || bytes.length < 5 || more.length > 0) {
    malformed('signature lines like "— <name> <base64>"');
  }
  return { name, keyId: bytes.toString('hex', 0, 4), signature: bytes.subarray(4), line };
}

function isNoteText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- the format forbids these
  return text.endsWith('\n') && text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}

function malformed(expected: string): never {
  throw new CountersignError('malformed_evidence', `note: expected ${expected}`);
}
