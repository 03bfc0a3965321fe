import { generateKeyPairSync } from 'node:crypto';
import { createEntryVerifier, createStatementSigner } from '../../identity/statement-signer.ts';

/** A key as an API has it, and what checks that it wrote an entry. */
export function makeApiKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    signer: createStatementSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string),
    isWritten: createEntryVerifier([publicKey.export({ type: 'spki', format: 'pem' }) as string]),
  };
}
