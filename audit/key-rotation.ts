import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { rotationText } from '../domain/key-rotation.ts';
import type { KeyRotation, KeyUse, SignedRotation } from '../domain/key-rotation.ts';
import { readStatementKey, statementKeyId } from '../identity/statement-key.ts';
import { readNoteSigner, readNoteVerifier } from './note-key.ts';
import type { NoteAlgorithm } from './note-key.ts';

const algorithmOf = { log: 'ed25519', witness: 'cosignature/v1' } as const satisfies Record<
  Exclude<KeyUse, 'statement'>,
  NoteAlgorithm
>;

/**
 * The id of a public key, as files of trusted keys, entries and messages name it: of a statement key 16 hex digits, of the
 * others `<name>+<8 hex digits>`.
 *
 * @returns null for what is no key of this use
 */
export function keyIdOf(use: KeyUse, publicKey: string): string | null {
  if (use === 'statement') {
    const key = readStatementKey(publicKey);
    return key && statementKeyId(key);
  }
  try {
    const { name, keyId, algorithm } = readNoteVerifier(publicKey);
    return algorithm === algorithmOf[use] ? `${name}+${keyId}` : null;
  } catch {
    return null;
  }
}

/** A private key that may sign a rotation. */
interface RotationSigner {
  /** As files of trusted keys have it. */
  readonly publicKey: string;
  /** `now`, ms since 1970, goes into a witness's signature. */
  sign(text: string, now: number): Buffer;
}

/** The rotation from one key to another, signed by both. @param at - ISO 8601 */
export function rotationBetween(
  use: KeyUse,
  { before, after }: { readonly before: RotationSigner; readonly after: RotationSigner },
  at: string,
): SignedRotation {
  const rotation: KeyRotation = { v: 1, use, before: before.publicKey, after: after.publicKey, at };
  const [text, now] = [rotationText(rotation), Date.parse(at)];
  const [byBefore, byAfter] = [before, after].map((key) => key.sign(text, now).toString('base64'));
  return { rotation, signatures: { before: byBefore ?? '', after: byAfter ?? '' } };
}

/** What signs for a private key's text: of statements PEM (PKCS #8), otherwise as {@link readNoteSigner} reads it. */
export function rotationSigner(use: KeyUse, privateKey: string): RotationSigner {
  if (use !== 'statement') return readNoteSigner(privateKey);
  const key = createPrivateKey(privateKey);
  return {
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string,
    sign: (text) => sign(null, Buffer.from(text), key),
  };
}

/**
 * Whether both keys of a rotation are of its use and have signed it. A log's and a witness's key keep their name: another name
 * is another log, or another witness.
 */
export function isCrossSigned({ rotation, signatures }: SignedRotation): boolean {
  const { use, before, after } = rotation;
  const ids = [keyIdOf(use, before), keyIdOf(use, after)];
  if (ids[0] === null || ids[1] === null || ids[0] === ids[1]) return false;
  if (use !== 'statement' && nameOf(before) !== nameOf(after)) return false;
  const text = rotationText(rotation);
  return isSignedBy(use, before, text, signatures.before) && isSignedBy(use, after, text, signatures.after);
}

function isSignedBy(use: KeyUse, publicKey: string, text: string, signature: string): boolean {
  const bytes = Buffer.from(signature, 'base64');
  if (use !== 'statement') return readNoteVerifier(publicKey).verify(text, bytes).valid;
  const key = readStatementKey(publicKey);
  return key !== null && verify(null, Buffer.from(text), key, bytes);
}

function nameOf(publicKey: string): string {
  return readNoteVerifier(publicKey).name;
}
