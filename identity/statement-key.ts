import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Which key signs statements: the first 16 hex digits of SHA-256 over the raw public key. */
export function statementKeyId(publicKey: KeyObject): string {
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return createHash('sha256').update(Buffer.from(x, 'base64url')).digest('hex').slice(0, 16);
}

/**
 * A public key of the API's out of its PEM (SPKI).
 * @returns null for anything else, a private key included
 */
export function readStatementKey(pem: string): KeyObject | null {
  try {
    const key = createPublicKey(pem);
    // createPublicKey would also take a private key, which nobody should send around.
    return pem.includes('PUBLIC KEY') && key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

/** The PEM blocks of a text, each with its last newline. */
export function pemBlocksOf(text: string): string[] {
  return (text.match(/-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/g) ?? []).map((pem) => `${pem}\n`);
}
