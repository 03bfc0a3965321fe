import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import { statementJson } from '../domain/statement.ts';
import type { SignedStatement, Statement } from '../domain/statement.ts';
import { pemBlocksOf, statementKeyId } from './statement-key.ts';

/** Signs what people say, after their token was verified. Lives in the API's process alone. */
export interface StatementSigner {
  readonly keyId: string;
  sign(statement: Statement): SignedStatement;
}

/**
 * Signs statements with Ed25519 (RFC 8032) over their canonical JSON (RFC 8785).
 * @param privateKeyPem - PKCS #8 PEM of an Ed25519 key
 */
export function createStatementSigner(privateKeyPem: string): StatementSigner {
  const key = createPrivateKey(privateKeyPem);
  const keyId = statementKeyId(createPublicKey(key));
  return {
    keyId,
    sign: (statement) => ({
      statement,
      keyId,
      signature: sign(null, bytesOf(statement), key).toString('base64'),
    }),
  };
}

/**
 * Checks statements against the API's public keys (SPKI PEM; a text may have several); several while a key is being
 * rotated. A value that is no statement counts as not signed.
 */
export function createStatementVerifier(
  publicKeyPems: readonly string[],
): (signed: SignedStatement) => boolean {
  const isSigned = signatureCheck(publicKeyPems);
  return ({ statement, keyId, signature }) => {
    try {
      return isSigned(keyId, signature, () => bytesOf(statement));
    } catch {
      return false;
    }
  };
}

/**
 * Checks a signature over a statement that is canonical JSON already.
 * @param publicKeyPems - as for {@link createStatementVerifier}
 */
export function createSignatureVerifier(
  publicKeyPems: readonly string[],
): (claim: {
  readonly canonicalStatement: string;
  readonly keyId: string;
  readonly signature: string;
}) => boolean {
  const isSigned = signatureCheck(publicKeyPems);
  return ({ canonicalStatement, keyId, signature }) =>
    isSigned(keyId, signature, () => Buffer.from(canonicalStatement, 'utf8'));
}

/** Whether one of the keys signed the bytes, which are made only where the key is known. */
function signatureCheck(
  publicKeyPems: readonly string[],
): (keyId: string, signature: string, bytes: () => Buffer) => boolean {
  const pems = publicKeyPems.flatMap((text) => {
    const blocks = pemBlocksOf(text);
    // What has none is no key, which the next line says.
    return blocks.length === 0 ? [text] : blocks;
  });
  const keys = new Map(pems.map((pem) => createPublicKey(pem)).map((key) => [statementKeyId(key), key]));
  return (keyId, signature, bytes) => {
    const key = keys.get(keyId);
    return key !== undefined && verify(null, bytes(), key, Buffer.from(signature, 'base64'));
  };
}

function bytesOf(statement: Statement): Buffer {
  return Buffer.from(canonicalJson(statementJson(statement)), 'utf8');
}
