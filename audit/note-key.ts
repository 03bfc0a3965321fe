import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CountersignError } from '../domain/error.ts';
import { fromBase64 } from './base64.ts';

/** How a key signs a note: plainly, or with a time before it (C2SP tlog-cosignature, "cosignature/v1"). */
export type NoteAlgorithm = 'ed25519' | 'cosignature/v1';

/** The signature type's byte in keys and key ids (C2SP signed-note, "Signature types"). */
const typeByte: Record<NoteAlgorithm, number> = { ed25519: 1, 'cosignature/v1': 4 };

/** Checks signatures of one key. */
export interface NoteVerifier {
  readonly name: string;
  /** Eight hexadecimal digits: with the name, which key it is. */
  readonly keyId: string;
  readonly algorithm: NoteAlgorithm;
  /** Whether the bytes, without the key id, are this key's signature of the text; `time` of a cosignature, in seconds since 1970. */
  verify(text: string, signature: Uint8Array): { readonly valid: boolean; readonly time: number | null };
}

/** Signs with one key. */
export interface NoteSigner {
  readonly name: string;
  readonly keyId: string;
  readonly algorithm: NoteAlgorithm;
  /** The public half, as {@link readNoteVerifier} reads it. */
  readonly publicKey: string;
  /** The signature's bytes, without the key id. `now`, in ms since 1970, goes into a cosignature. */
  sign(text: string, now: number): Buffer;
}

/**
 * A new key, both halves as text: `PRIVATE+KEY+<name>+<id>+<base64>` and `<name>+<id>+<base64>` (the forms of
 * golang.org/x/mod/sumdb/note; the second is a C2SP "vkey").
 *
 * @param name - such as `example.com/log`: no spaces, no plus
 * @throws CountersignError `invalid_configuration` for another name
 */
export function generateNoteKey(
  name: string,
  algorithm: NoteAlgorithm = 'ed25519',
): { readonly privateKey: string; readonly publicKey: string } {
  const seed = generateKeyPairSync('ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'der' })
    .subarray(-32);
  const { publicKey, keyId } = makeSigner(name, algorithm, seed);
  return { privateKey: `PRIVATE+KEY+${name}+${keyId}+${keyText(algorithm, seed)}`, publicKey };
}

/**
 * Reads a private key's text.
 * @throws CountersignError `invalid_configuration`, which never repeats the key
 */
export function readNoteSigner(text: string): NoteSigner {
  const trimmed = text.trim();
  const secret = trimmed.startsWith('PRIVATE+KEY+') ? readKey(trimmed.slice('PRIVATE+KEY+'.length)) : null;
  if (secret === null) refuse('private key: expected PRIVATE+KEY+<name>+<id>+<base64> of an Ed25519 key');
  const signer = makeSigner(secret.name, secret.algorithm, secret.bytes);
  if (signer.keyId !== secret.keyId) refuse(`private key ${secret.name}: its id is not that of its key`);
  return signer;
}

/**
 * Reads a public key's text.
 * @throws CountersignError `invalid_configuration`
 */
export function readNoteVerifier(text: string): NoteVerifier {
  const key = readKey(text.trim());
  if (key === null) refuse('public key: expected <name>+<id>+<base64> of an Ed25519 key');
  if (key.keyId !== keyIdOf(key.name, key.algorithm, key.bytes)) {
    refuse(`public key ${key.name}: its id is not that of its key`);
  }
  const { name, algorithm, keyId } = key;
  const publicKey = createPublicKey({
    key: Buffer.concat([publicDer, key.bytes]),
    format: 'der',
    type: 'spki',
  });
  return {
    name,
    keyId,
    algorithm,
    verify(note, signature) {
      if (algorithm === 'ed25519')
        return { valid: verify(null, Buffer.from(note), publicKey, signature), time: null };
      if (signature.length !== 8 + 64) return { valid: false, time: null };
      const seconds = Buffer.from(signature).readBigUInt64BE();
      // Far beyond any date, and a number that we could not say exactly.
      if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) return { valid: false, time: null };
      const valid = verify(null, cosigned(note, Number(seconds)), publicKey, signature.subarray(8));
      return { valid, time: Number(seconds) };
    },
  };
}

/** Whether a key may have this name (C2SP signed-note: not empty, no Unicode space, no plus; no control character either). */
export function isKeyName(name: string): boolean {
  return /^[^\s\p{Cc}+]+$/u.test(name) && name.isWellFormed();
}

function makeSigner(name: string, algorithm: NoteAlgorithm, seed: Uint8Array): NoteSigner {
  if (!isKeyName(name)) refuse(`key name: expected no spaces and no plus, got ${JSON.stringify(name)}`);
  const privateKey = createPrivateKey({
    key: Buffer.concat([privateDer, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicBytes = publicBytesOf(privateKey);
  const keyId = keyIdOf(name, algorithm, publicBytes);
  return {
    name,
    keyId,
    algorithm,
    publicKey: `${name}+${keyId}+${keyText(algorithm, publicBytes)}`,
    sign(text, now) {
      if (algorithm === 'ed25519') return sign(null, Buffer.from(text), privateKey);
      const seconds = Math.floor(now / 1000);
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(seconds));
      return Buffer.concat([time, sign(null, cosigned(text, seconds), privateKey)]);
    },
  };
}

function readKey(
  text: string,
): { name: string; keyId: string; algorithm: NoteAlgorithm; bytes: Buffer } | null {
  // The base64 may have plus signs of its own.
  const [, name = '', keyId = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? [];
  const bytes = fromBase64(base64);
  if (!isKeyName(name) || bytes?.length !== 33) return null;
  const algorithm = algorithms.find((known) => typeByte[known] === bytes[0]);
  return algorithm === undefined ? null : { name, keyId, algorithm, bytes: bytes.subarray(1) };
}

const algorithms: readonly NoteAlgorithm[] = ['ed25519', 'cosignature/v1'];

// RFC 8410: what stands before the 32 bytes of an Ed25519 key in PKCS #8 and in SPKI.
const privateDer = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicDer = Buffer.from('302a300506032b6570032100', 'hex');

function publicBytesOf(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32);
}

function keyIdOf(name: string, algorithm: NoteAlgorithm, publicBytes: Uint8Array): string {
  const hash = createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.of(typeByte[algorithm]))
    .update(publicBytes);
  return hash.digest('hex').slice(0, 8);
}

function keyText(algorithm: NoteAlgorithm, bytes: Uint8Array): string {
  return Buffer.concat([Buffer.of(typeByte[algorithm]), bytes]).toString('base64');
}

/** What a cosignature signs (C2SP tlog-cosignature, "Ed25519 signed message"). */
function cosigned(text: string, seconds: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
}

function refuse(message: string): never {
  throw new CountersignError('invalid_configuration', message);
}
