import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Json } from '../domain/json.ts';

/** Seals values so that they can lie where others read and write: in Postgres, in a browser. */
export interface Seal {
  /** @param place - what the value is for; it opens in no other place */
  seal(value: Json, place: string): Buffer;
  /** The value; null where it was not sealed with this key, not for this place, or was changed. */
  open(sealed: Uint8Array, place: string): Json | null;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** How many bytes the key has. */
export const sealKeyBytes = 32;

/** AES-256-GCM: a version byte, the nonce, the ciphertext, the tag; the place is authenticated with it. */
export function createSeal(key: Uint8Array): Seal {
  return {
    seal(value, place) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
      const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(version), nonce, text, cipher.getAuthTag()]);
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== version || bytes.length < 1 + nonceBytes + tagBytes) return null;
      const nonce = bytes.subarray(1, 1 + nonceBytes);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
        .setAAD(Buffer.from(place))
        .setAuthTag(bytes.subarray(-tagBytes));
      try {
        const text = Buffer.concat([
          decipher.update(bytes.subarray(1 + nonceBytes, -tagBytes)),
          decipher.final(),
        ]);
        return JSON.parse(text.toString('utf8')) as Json;
      } catch {
        return null;
      }
    },
  };
}
