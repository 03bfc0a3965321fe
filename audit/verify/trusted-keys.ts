import { CountersignError } from '../../domain/error.ts';
import { always, bothPeriods, isPeriodLine, readPeriod } from '../../domain/key-period.ts';
import type { KeyPeriod } from '../../domain/key-period.ts';
import { readStatementKey, statementKeyId } from '../../identity/statement-key.ts';
import { readNoteVerifier } from '../note-key.ts';
import type { NoteVerifier } from '../note-key.ts';

/** A key of the log or of a witness, and for what it is trusted. */
export interface TrustedNoteKey extends NoteVerifier {
  /** `<name>+<8 hex digits>`. */
  readonly id: string;
  readonly period: KeyPeriod;
}

/** A key of the API, and for what it is trusted. */
export interface TrustedStatementKey {
  /** 16 hex digits. */
  readonly id: string;
  /** The public key (SPKI, PEM). */
  readonly pem: string;
  readonly period: KeyPeriod;
}

/** Whose signatures an auditor believes. */
export interface TrustedKeys {
  /** The log's keys: today's, and those before it. */
  readonly logs: readonly TrustedNoteKey[];
  readonly witnesses: readonly TrustedNoteKey[];
  /** The API's public keys for what people say. */
  readonly statementKeys: readonly TrustedStatementKey[];
}

/**
 * Reads trusted keys: a text of public note keys (`<name>+<id>+<base64>`, one a line; an Ed25519 key is a log's, a
 * cosignature key a witness's), PEM blocks of the API's public keys, and comments after `#`. A line such as
 * `valid-before-index=4711` says for what the key after it is trusted; see {@link readPeriod}. So files of single keys
 * can be given one by one or put together into one. Of a key that stands there several times every period holds.
 *
 * @param names - of the texts, for messages
 * @throws CountersignError `invalid_configuration` naming the text and the line
 */
export function readTrustedKeys(texts: readonly string[], names: readonly string[] = []): TrustedKeys {
  const notes = new Map<string, TrustedNoteKey>();
  const statementKeys = new Map<string, TrustedStatementKey>();
  const read = ({ text, line, period }: KeyText, name?: string): void => {
    try {
      if (text.startsWith('-----BEGIN')) put(statementKeys, trustedStatementKey(text, period));
      else put(notes, trustedNoteKey(text, period));
    } catch (error) {
      refuse((error as Error).message.replace('trusted keys: ', ''), line, name);
    }
  };
  texts.forEach((text, n) => {
    for (const key of keysIn(text, names[n])) read(key, names[n]);
  });
  if (notes.size + statementKeys.size === 0) refuse('expected a key');
  const of = (algorithm: NoteVerifier['algorithm']) =>
    [...notes.values()].filter((key) => key.algorithm === algorithm);
  return {
    logs: of('ed25519'),
    witnesses: of('cosignature/v1'),
    statementKeys: [...statementKeys.values()],
  };
}

/** A key of the API that is trusted for a period. @throws CountersignError `invalid_configuration` */
export function trustedStatementKey(pem: string, period: KeyPeriod = always): TrustedStatementKey {
  const key = readStatementKey(pem);
  if (key === null) refuse('expected PEM blocks of public Ed25519 keys');
  return { id: statementKeyId(key), pem, period };
}

/** A key of a log or witness that is trusted for a period. @throws CountersignError `invalid_configuration` */
export function trustedNoteKey(text: string, period: KeyPeriod = always): TrustedNoteKey {
  const verifier = readNoteVerifier(text);
  return { ...verifier, id: `${verifier.name}+${verifier.keyId}`, period };
}

/** A key as it stands in a text. */
interface KeyText {
  readonly text: string;
  /** Counted from 1; of a PEM block its last line. */
  readonly line: number;
  readonly period: KeyPeriod;
}

/**
 * The keys of a text, each as it stands there, with the period that the line before it gives.
 * @param name - of the text, for messages
 */
export function keysIn(text: string, name?: string): KeyText[] {
  const keys: KeyText[] = [];
  let period: KeyPeriod | null = null;
  let pem: string[] | null = null;
  let at = 0;
  const add = (key: string): void => {
    keys.push({ text: key, line: at, period: period ?? always });
    period = null;
  };
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    at += 1;
    if (pem !== null || line.startsWith('-----BEGIN ')) {
      pem = [...(pem ?? []), line];
      if (!line.startsWith('-----END ')) continue;
      add(`${pem.join('\n')}\n`);
      pem = null;
    } else if (isPeriodLine(line)) {
      const read = readPeriod(line);
      if (typeof read === 'string') refuse(`expected ${read}`, at, name);
      if (period !== null) refuse(`expected a key after the line before ${line}`, at, name);
      period = read;
    } else if (line !== '' && !line.startsWith('#')) add(line);
  }
  if (pem !== null) refuse('expected PEM blocks of public Ed25519 keys, got one without an end', at, name);
  if (period !== null) refuse('expected a key after the last line of a period', at, name);
  return keys;
}

function put<K extends { readonly id: string; readonly period: KeyPeriod }>(
  keys: Map<string, K>,
  key: K,
): void {
  const known = keys.get(key.id);
  keys.set(key.id, { ...key, period: bothPeriods(known?.period ?? always, key.period) });
}

function refuse(message: string, line?: number, name?: string): never {
  const place = `trusted keys${name === undefined ? '' : `, ${name}`}${line === undefined ? '' : `, line ${line}`}`;
  throw new CountersignError('invalid_configuration', `${place}: ${message}`);
}
