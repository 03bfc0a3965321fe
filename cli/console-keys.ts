import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { JsonWebKey, webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { sealKeyBytes } from '../console/seal.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { CountersignError } from '../domain/error.ts';
import { makeOnce } from '../embedded/make-once.ts';
import type { Environment } from './environment.ts';
import { ensureKeyPair } from './key-pair.ts';
import type { KeyFiles, KeyForm } from './key-pair.ts';
import { readTextFile } from './text-file.ts';

type ConsoleKeys = Pick<Environment, 'COUNTERSIGN_HOME' | 'CONSOLE_CLIENT_KEY' | 'CONSOLE_SESSION_KEY'>;

/**
 * Files of the key by which the identity provider knows the console: `<home>/console/client.jwk.json`, the console's alone, and
 * `<home>/keys/console-client.jwks.json`, which the provider is given. Made on the first start, unless the environment names the
 * private one.
 */
export async function consoleClientKeys(env: ConsoleKeys): Promise<KeyFiles> {
  const { COUNTERSIGN_HOME: home, CONSOLE_CLIENT_KEY: given } = env;
  const files = {
    privateKey: given ?? join(home, 'console', 'client.jwk.json'),
    publicKey: join(home, 'keys', 'console-client.jwks.json'),
  };
  if (given === undefined) await ensureKeyPair(files, clientKeyForm);
  return files;
}

/** A P-256 key for ES256, as JSON Web Keys (RFC 7517); the public half is a set of one. */
const clientKeyForm: KeyForm = {
  generate: () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return `${JSON.stringify(privateKey.export({ format: 'jwk' }))}\n`;
  },
  publicOf: (text) => `${JSON.stringify({ keys: [publicJwkOf(text)] }, null, 2)}\n`,
};

/** The key by which the console says who it is. @throws CountersignError `invalid_configuration` */
export async function readClientKey(file: string): Promise<{ key: webcrypto.CryptoKey; kid: string }> {
  const text = await readTextFile(file, 'a key file');
  try {
    const { kid } = publicJwkOf(text);
    const key = createPrivateKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' });
    return { key: key.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']), kid };
  } catch (cause) {
    const message = `${file} is no private JSON Web Key of the curve P-256`;
    throw new CountersignError('invalid_configuration', message, { cause });
  }
}

/** What the provider is to know; `kid` is the key's thumbprint (RFC 7638). */
function publicJwkOf(privateText: string): JsonWebKey & { kid: string } {
  const key = createPrivateKey({ key: JSON.parse(privateText) as JsonWebKey, format: 'jwk' });
  const { crv = '', kty = '', x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' });
  if (crv !== 'P-256') throw new Error(`expected the curve P-256, got ${crv}`);
  const kid = createHash('sha256').update(canonicalJson({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid, use: 'sig', alg: 'ES256' };
}

/** File of the key that seals sessions; with another one everybody logs in again. Made on the first start, unless it is given. */
export async function consoleSessionKey(env: ConsoleKeys): Promise<string> {
  const { COUNTERSIGN_HOME: home, CONSOLE_SESSION_KEY: given } = env;
  if (given !== undefined) return given;
  const file = join(home, 'console', 'session.key');
  await makeOnce(file, () => `${randomBytes(sealKeyBytes).toString('base64')}\n`);
  return file;
}

/** The key that a file holds. @throws CountersignError `invalid_configuration` */
export async function readSessionKey(file: string): Promise<Uint8Array> {
  const key = Buffer.from((await readTextFile(file, 'a key file')).trim(), 'base64');
  if (key.length === sealKeyBytes) return key;
  const message = `${file} must hold base64 of ${sealKeyBytes} bytes, got ${key.length}`;
  throw new CountersignError('invalid_configuration', message);
}
