import { keyIdOf, rotationBetween, rotationSigner } from '../audit/key-rotation.ts';
import { generateNoteKey, readNoteSigner } from '../audit/note-key.ts';
import { CountersignError } from '../domain/error.ts';
import type { KeyUse } from '../domain/key-rotation.ts';
import { isoTime } from '../domain/time.ts';
import { makeOnce, textOf } from '../embedded/make-once.ts';
import type { Environment } from './environment.ts';
import type { KeyFiles } from './key-pair.ts';
import { keyFilesOf, newStatementKey } from './keys.ts';
import { replaceKeyFile, rewriteKeyFile } from './rewrite-key-file.ts';
import { keepRotation } from './rotation-files.ts';

/** What a rotation has come to. */
export interface RotatedKey {
  readonly use: KeyUse;
  /** Ids of the keys. */
  readonly before: string;
  readonly after: string;
  readonly files: KeyFiles;
}

/**
 * `countersign keys rotate`: makes another key in this home. Where it was killed half-way, the next one goes on with the same
 * key. Of the API and the witness, the new private key takes the old one's place, which is gone then, and a file says that both
 * have signed it. Of the log, the new one stands beside the old one, so that the signer can write that entry.
 *
 * @throws CountersignError `invalid_configuration` when half of the pair is missing or is of another key, or the environment names
 * the private file, or when this process may not write them for their owner
 */
export async function rotateKey(env: Environment, use: KeyUse): Promise<RotatedKey> {
  const files = keyFilesOf(env, use);
  const halves = await bothHalves(files, use);
  return use === 'log' ? rotateBeside(files, halves) : rotateInPlace(env, use, files, halves);
}

interface Halves {
  readonly privateText: string;
  readonly publicText: string;
}

async function bothHalves({ privateKey, publicKey }: KeyFiles, use: KeyUse): Promise<Halves> {
  const [privateText, publicText] = await Promise.all([textOf(privateKey), textOf(publicKey)]);
  const missing = [privateText === null ? privateKey : null, publicText === null ? publicKey : null];
  if (privateText === null || publicText === null) {
    refuse(`${missing.filter((file) => file !== null).join(' and ')} is missing: there is no key to rotate`);
  }
  // Of two keys of the log, the second may have been made by one that was killed before it wrote the public half.
  for (const one of privateTextsOf(use, privateText).slice(0, 1)) {
    const own = signerOf(use, one, privateKey).publicKey.trim();
    if (!publicText.includes(own)) refuse(`${publicKey} is not the public half of ${privateKey}`);
  }
  return { privateText, publicText };
}

async function rotateInPlace(
  env: Environment,
  use: 'statement' | 'witness',
  files: KeyFiles,
  { privateText, publicText }: Halves,
): Promise<RotatedKey> {
  const { privateKey, publicKey } = files;
  const before = signerOf(use, privateText, privateKey);
  const nextFile = `${privateKey}.next`;
  const nextText = await makeOnce(nextFile, () => nextKey(use, privateText));
  const after = signerOf(use, nextText, nextFile);
  const id = idOf(use, after.publicKey);
  const { rotation } = await keepRotation(env, use, id, () =>
    rotationBetween(use, { before, after }, isoTime(Date.now())),
  );
  if (rotation.before !== before.publicKey || rotation.after !== after.publicKey) {
    refuse(`the rotation to ${id} that is kept is of another key than ${privateKey}`);
  }
  if (!publicText.includes(after.publicKey.trim())) {
    await rewriteKeyFile(publicKey, `${after.publicKey.trim()}\n${publicText}`);
  }
  // Last: until here the old key signs, and everything above is found again.
  await replaceKeyFile(privateKey, nextFile);
  return { use, before: idOf(use, before.publicKey), after: id, files };
}

async function rotateBeside(files: KeyFiles, { privateText, publicText }: Halves): Promise<RotatedKey> {
  const { privateKey, publicKey } = files;
  const [first, second, ...more] = privateTextsOf('log', privateText);
  if (first === undefined || more.length > 0) refuse(`${privateKey}: expected one key, or two`);
  const before = readNoteSigner(first);
  const next = second ?? generateNoteKey(before.name).privateKey;
  const after = readNoteSigner(next);
  if (second === undefined) await rewriteKeyFile(privateKey, `${first}\n${next}\n`);
  if (!publicText.includes(after.publicKey)) {
    await rewriteKeyFile(publicKey, `${publicText.trim()}\n${after.publicKey}\n`);
  }
  return {
    use: 'log',
    before: idOf('log', before.publicKey),
    after: idOf('log', after.publicKey),
    files,
  };
}

function nextKey(use: 'statement' | 'witness', privateText: string): string {
  if (use === 'statement') return newStatementKey();
  return `${generateNoteKey(readNoteSigner(privateText).name, 'cosignature/v1').privateKey}\n`;
}

function privateTextsOf(use: KeyUse, text: string): string[] {
  return use === 'statement' ? [text] : text.split('\n').filter((line) => line.trim() !== '');
}

function signerOf(use: KeyUse, text: string, file: string) {
  try {
    return rotationSigner(use, text);
  } catch (cause) {
    throw new CountersignError('invalid_configuration', `${file} is no private key`, { cause });
  }
}

function idOf(use: KeyUse, publicKey: string): string {
  return keyIdOf(use, publicKey) ?? refuse(`expected a key of ${use}`);
}

function refuse(message: string): never {
  throw new CountersignError('invalid_configuration', message);
}
