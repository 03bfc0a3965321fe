import { createPublicKey } from 'node:crypto';
import { CountersignError } from '../../domain/error.ts';
import { readNoteVerifier } from '../note-key.ts';
import type { NoteVerifier } from '../note-key.ts';

/** Whose signatures an auditor believes. */
export interface TrustedKeys {
  /** The log's keys: today's, and those before it. */
  readonly logs: readonly NoteVerifier[];
  readonly witnesses: readonly NoteVerifier[];
  /** The API's public keys for what people say (SPKI, PEM). */
  readonly statementKeys: readonly string[];
}

/**
 * Reads trusted keys: a text of public note keys (`<name>+<id>+<base64>`, one a line; an Ed25519 key is a log's, a
 * cosignature key a witness's), PEM blocks of the API's public keys, and comments after `#`. So files of single keys
 * can be given one by one or put together into one.
 *
 * @throws CountersignError `invalid_configuration` naming the line
 */
export function readTrustedKeys(texts: readonly string[]): TrustedKeys {
  const notes: NoteVerifier[] = [];
  const statementKeys: string[] = [];
  for (const text of texts) {
    const rest = text.replaceAll(/-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/g, (pem) => {
      statementKeys.push(publicKey(pem));
      return '';
    });
    for (const line of rest.split('\n').map((l) => l.trim())) {
      if (line !== '' && !line.startsWith('#')) notes.push(readNoteVerifier(line));
    }
  }
  const of = (algorithm: NoteVerifier['algorithm']) =>
    distinct(notes.filter((key) => key.algorithm === algorithm));
  return { logs: of('ed25519'), witnesses: of('cosignature/v1'), statementKeys: [...new Set(statementKeys)] };
}

function publicKey(pem: string): string {
  try {
    const key = createPublicKey(pem);
    // createPublicKey would also take a private key, which nobody should send around.
    if (pem.includes('PUBLIC KEY') && key.asymmetricKeyType === 'ed25519') return pem;
  } catch {
    // Told of below.
  }
  throw new CountersignError(
    'invalid_configuration',
    'trusted keys: expected PEM blocks of public Ed25519 keys',
  );
}

/** A key that was given twice is one key. */
function distinct(keys: readonly NoteVerifier[]): NoteVerifier[] {
  return [...new Map(keys.map((key) => [`${key.name}+${key.keyId}`, key])).values()];
}
