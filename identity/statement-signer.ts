import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { EntryBody, EntryDraft } from '../domain/entry.ts';
import { writerOf, writtenText } from '../domain/entry-writer.ts';
import { statementJson } from '../domain/statement.ts';
import type { SignedStatement, Statement } from '../domain/statement.ts';
import { pemBlocksOf, statementKeyId } from './statement-key.ts';

/** Signs what people say, after their token was verified, and the API's own entries. Lives in the API's process alone. */
export interface StatementSigner {
  readonly keyId: string;
  sign(statement: Statement): SignedStatement;
  /** The entry with its member `writer`: this key, and its signature over the rest. */
  write(draft: EntryDraft): EntryDraft;
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
      signature: signatureOf(canonicalJson(statementJson(statement))),
    }),
    write: ({ key: place, body }) => ({
      key: place,
      body: { ...body, writer: { keyId, signature: signatureOf(writtenText(body)) } },
    }),
  };

  function signatureOf(text: string): string {
    return sign(null, bytesOf(text), key).toString('base64');
  }
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
      return isSigned(keyId, signature, () => bytesOf(canonicalJson(statementJson(statement))));
    } catch {
      return false;
    }
  };
}

/**
 * Checks that one of the API's keys wrote an entry, as the entry says of itself.
 * @param publicKeyPems - as for {@link createStatementVerifier}
 */
export function createEntryVerifier(publicKeyPems: readonly string[]): (body: EntryBody) => boolean {
  const isSigned = signatureCheck(publicKeyPems);
  return (body) => {
    const writer = writerOf(body);
    try {
      return writer !== null && isSigned(writer.keyId, writer.signature, () => bytesOf(writtenText(body)));
    } catch {
      return false;
    }
  };
}

/**
 * Checks a signature over a statement that is canonical JSON in UTF-8 already.
 * @param publicKeyPems - as for {@link createStatementVerifier}
 */
export function createSignatureVerifier(
  publicKeyPems: readonly string[],
): (claim: {
  readonly canonicalStatement: Uint8Array;
  readonly keyId: string;
  readonly signature: string;
}) => boolean {
  const isSigned = signatureCheck(publicKeyPems);
  return ({ canonicalStatement, keyId, signature }) => isSigned(keyId, signature, () => canonicalStatement);
}

/** Whether one of the keys signed the bytes, which are made only where the key is known. */
function signatureCheck(
  publicKeyPems: readonly string[],
): (keyId: string, signature: string, bytes: () => Uint8Array) => boolean {
  const pems = publicKeyPems.flatMap((text) => {
    const blocks = pemBlocksOf(text);
    // What has none is no key, which the next line says.
    return blocks.length === 0 ? [text] : blocks;
  });
  const keys = new Map(pems.map((pem) => createPublicKey(pem)).map((key) => [statementKeyId(key), key]));
  return (keyId, signature, bytes) => {
    const key = keys.get(keyId);
    if (key === undefined) return false;
    return verify(null, bytes(), key, Buffer.from(signature, 'base64'));
  };
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
