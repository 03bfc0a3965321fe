import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import { makeOnce, replaceFile } from './make-once.ts';

/** A private ES256 key as a JSON Web Key (RFC 7517), with a `kid`. */
export type SigningKey = JWK & { kty: string; kid: string; alg: 'ES256'; use: 'sig' };

async function makeSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return {
    ...((await exportJWK(privateKey)) as JWK & { kty: string }),
    kid: randomBytes(8).toString('hex'),
    alg: 'ES256',
    use: 'sig',
  };
}

/** Makes a new key and keeps it in `file` (0600), in place of the one there. */
export async function renewSigningKey(file: string): Promise<SigningKey> {
  const key = await makeSigningKey();
  await replaceFile(file, JSON.stringify(key), 0o600);
  return key;
}

/**
 * The key kept in `file`, or a new one when there is no file.
 *
 * @throws Error with the remedy when the file is not a key; as it is when the file cannot be read.
 */
export async function signingKey(file: string): Promise<SigningKey> {
  const kept = await makeOnce(file, async () => JSON.stringify(await makeSigningKey()));
  try {
    const key = JSON.parse(kept) as Partial<SigningKey> | null;
    if (key?.kty !== 'EC' || typeof key.d !== 'string' || typeof key.kid !== 'string') {
      throw new Error('it is no private ES256 key');
    }
    return key as SigningKey;
  } catch (cause) {
    throw new Error(
      `${file} is not a JSON Web Key. Remedy: delete it; tokens issued before become invalid.`,
      {
        cause,
      },
    );
  }
}
