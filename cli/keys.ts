import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files of the API's signing key. */
export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** The API's Ed25519 key under `<home>/keys`, made on the first start; the private file is the owner's alone (0600). */
export async function statementKeys(home: string): Promise<KeyFiles> {
  const folder = join(home, 'keys');
  const files = { privateKey: join(folder, 'statement.pem'), publicKey: join(folder, 'statement.pub.pem') };
  const there = await readFile(files.publicKey).then(
    () => true,
    () => false,
  );
  if (there) return files;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeFile(files.privateKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeFile(files.publicKey, publicKey.export({ type: 'spki', format: 'pem' }));
  return files;
}
