import { createHash, randomBytes } from 'node:crypto';
import { CountersignError } from '../domain/error.ts';

/**
 * What a key is for. Payloads are encrypted with the one that is `current`. The `next` one only reads as yet, so that every process
 * has it before the first one writes with it; an `old` one reads what it has written.
 */
export type PayloadKeyUse = 'current' | 'next' | 'old';

/** A key for payloads: AES-256. */
export interface PayloadKey {
  /** The first 16 hex digits of SHA-256 over the key: two keys never have one id. */
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
  readonly use: PayloadKeyUse;
}

/** The keys that a process has. */
export interface KeyRing {
  /** What it encrypts with; null where its one key only reads as yet: then nothing is encrypted. */
  current(): PayloadKey | null;
  /** The key of an id; null where it is not on the ring, after whoever keeps the ring has looked once more. */
  find(id: string): Promise<PayloadKey | null>;
}

const keyBytes = 32;
const line = /^(current|next|old) +([A-Za-z0-9+/]+={0,2})$/;

/**
 * The keys of a file: a line for each, `<use> <base64 of 32 bytes>`; `#` begins a comment. One is current, unless the file has
 * one key alone that is next: so the first key comes to every process before anything is encrypted.
 *
 * @param file - its name, for messages; nothing of what is in it gets into one
 * @throws CountersignError `invalid_configuration`
 */
export function readPayloadKeys(text: string, file: string): PayloadKey[] {
  const keys = text
    .split('\n')
    .map((each) => each.replace(/#.*/, '').trim())
    .flatMap((each, at) => (each === '' ? [] : [keyOf(each, `${file}:${at + 1}`)]));
  assertCurrent(keys, file);
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw wrong(file, 'has a key twice');
  return keys;
}

/** Where another key has written, a ring without a current one would be a mistake: what is stored would be plain again. */
function assertCurrent(keys: readonly PayloadKey[], field: string): void {
  const current = keys.filter(({ use }) => use === 'current').length;
  const isFirst = keys.length === 1 && keys[0]?.use === 'next';
  if (current !== 1 && !isFirst) throw wrong(field, 'must have one key that is current');
}

function keyOf(text: string, place: string): PayloadKey {
  const [, use, encoded = ''] = line.exec(text) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  // A lenient decoder would make another key of a line with a wrong letter.
  if (use === undefined || bytes.length !== keyBytes || bytes.toString('base64') !== encoded)
    throw wrong(place, `must be current, next or old and base64 of ${keyBytes} bytes`);
  return { id: idOf(bytes), bytes, use: use as PayloadKeyUse };
}

function idOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** Whether a key can have this id. */
export function isPayloadKeyId(id: string): boolean {
  return /^[0-9a-f]{16}$/.test(id);
}

/** A new key. */
export function newPayloadKey(use: PayloadKeyUse): PayloadKey {
  const bytes = randomBytes(keyBytes);
  return { id: idOf(bytes), bytes, use };
}

/** The text of a file with these keys, which {@link readPayloadKeys} reads. */
export function payloadKeysText(keys: readonly PayloadKey[]): string {
  return keys
    .map(({ use, bytes, id }) => `${use} ${Buffer.from(bytes).toString('base64')} # ${id}\n`)
    .join('');
}

/** A ring that stays as it is. @throws CountersignError `invalid_configuration` where no key is current */
export function keyRing(keys: readonly PayloadKey[]): KeyRing {
  assertCurrent(keys, 'the key ring');
  const current = keys.find(({ use }) => use === 'current') ?? null;
  return {
    current: () => current,
    find: (id) => Promise.resolve(keys.find((key) => key.id === id) ?? null),
  };
}

function wrong(field: string, message: string): CountersignError {
  return new CountersignError('invalid_configuration', `${field} ${message}`, {
    errors: [{ field, rule: 'format', message }],
  });
}
