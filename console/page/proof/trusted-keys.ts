import { fromBase64, hex, joined, sha256, utf8 } from './bytes.ts';
import type { Bytes } from './bytes.ts';
import { always, bothPeriods, isPeriodLine, readPeriod } from '../../../domain/key-period.ts';
import type { KeyPeriod } from '../../../domain/key-period.ts';

/** A public key of a log or of a witness (C2SP signed-note, tlog-cosignature). */
export interface NoteKey {
  readonly name: string;
  /** Eight hexadecimal digits: with the name, which key it is. */
  readonly keyId: string;
  readonly of: 'log' | 'witness';
  readonly bytes: Bytes;
  /** For what it is trusted. */
  readonly period: KeyPeriod;
}

/** Whose signatures an auditor believes. */
export interface TrustedKeys {
  readonly logs: readonly NoteKey[];
  readonly witnesses: readonly NoteKey[];
  /** How many keys of the API there are: what they sign, this page does not check. */
  readonly statementKeys: number;
}

/** A text that is no file of trusted keys. */
export class BadKeys extends Error {
  /** Which line, from 1. */
  readonly line: number;
  constructor(line: number) {
    super(`line ${line} is no key`);
    this.name = 'BadKeys';
    this.line = line;
  }
}

/** The signature type's byte in keys and key ids (C2SP signed-note, "Signature types"). */
const typeByte = { log: 1, witness: 4 } as const;

/**
 * Reads `trusted-keys.txt`: public keys of logs and witnesses, one a line, PEM blocks of the API's keys, comments after `#`, and
 * lines that say for what the key after them is trusted.
 * @throws BadKeys
 */
export async function readTrustedKeys(text: string): Promise<TrustedKeys> {
  const keys: NoteKey[] = [];
  let statementKeys = 0;
  let isInPem = false;
  let period: KeyPeriod | null = null;
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line.startsWith('-----BEGIN')) {
      if (line !== '-----BEGIN PUBLIC KEY-----') throw new BadKeys(i + 1);
      isInPem = true;
    }
    if (line.startsWith('-----END')) {
      isInPem = false;
      statementKeys += 1;
      period = null;
      continue;
    }
    if (isInPem || line === '' || line.startsWith('#')) continue;
    if (isPeriodLine(line)) {
      const read = readPeriod(line);
      if (typeof read === 'string' || period !== null) throw new BadKeys(i + 1);
      period = read;
      continue;
    }
    const key = await readKey(line, period ?? always);
    if (key === null) throw new BadKeys(i + 1);
    period = null;
    const known = keys.findIndex(({ name, keyId }) => name === key.name && keyId === key.keyId);
    if (known < 0) keys.push(key);
    else keys[known] = { ...key, period: bothPeriods(key.period, keys[known]?.period ?? always) };
  }
  if (period !== null) throw new BadKeys(text.split('\n').length);
  return {
    logs: keys.filter(({ of }) => of === 'log'),
    witnesses: keys.filter(({ of }) => of === 'witness'),
    statementKeys,
  };
}

async function readKey(line: string, period: KeyPeriod): Promise<NoteKey | null> {
  // The base64 may have plus signs of its own.
  const [, name = '', keyId = '', base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(line) ?? [];
  const bytes = fromBase64(base64);
  if (name === '' || bytes?.length !== 33) return null;
  const of = bytes[0] === typeByte.log ? 'log' : bytes[0] === typeByte.witness ? 'witness' : null;
  if (of === null) return null;
  const id = await sha256(joined(utf8(`${name}\n`), bytes));
  return hex(id.subarray(0, 4)) === keyId ? { name, keyId, of, bytes: bytes.slice(1), period } : null;
}

/** Whether the bytes are this key's signature of a text. @throws DOMException where the browser knows no Ed25519 */
export async function verifySignature(key: NoteKey, text: Bytes, signature: Bytes): Promise<boolean> {
  const publicKey = await crypto.subtle.importKey('raw', key.bytes, { name: 'Ed25519' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'Ed25519' }, publicKey, signature, text);
}
