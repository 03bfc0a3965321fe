import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';

/** A private ES256 key as a JSON Web Key (RFC 7517), with a `kid`. */
export type SigningKey = JWK & { kty: string; kid: string; alg: 'ES256'; use: 'sig' };

/** Makes a new key and keeps it in `file` (0600), in place of the one there. */
export async function renewSigningKey(file: string): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key: SigningKey = {
    ...((await exportJWK(privateKey)) as JWK & { kty: string }),
    kid: randomBytes(8).toString('hex'),
    alg: 'ES256',
    use: 'sig',
  };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.unfinished`, JSON.stringify(key), { mode: 0o600 });
  await rename(`${file}.unfinished`, file);
  return key;
}

/**
 * The key kept in `file`, or a new one when there is no file.
 *
 * @throws Error with the remedy when the file is not a key.
 */
export async function signingKey(file: string): Promise<SigningKey> {
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept === null) return renewSigningKey(file);
  try {
    return JSON.parse(kept) as SigningKey;
  } catch (cause) {
    throw new Error(
      `${file} is not a JSON Web Key. Remedy: delete it; tokens issued before become invalid.`,
      {
        cause,
      },
    );
  }
}
