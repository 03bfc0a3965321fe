import { makeOnce, replaceFile, textOf } from '../embedded/make-once.ts';
import { CountersignError } from '../domain/error.ts';

/** Files of a key. */
export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** How a pair is made, and its public half out of its private one; both as the text of a file. */
export interface KeyForm {
  readonly generate: () => string;
  /** @throws where the text is no private key */
  readonly publicOf: (privateText: string) => string;
}

/**
 * Sees to it that both halves of a key are there. The private one is made where neither is, and never written over; the
 * public one is derived from it. Safe at once in several processes, and when one is killed in between.
 *
 * @throws CountersignError `invalid_configuration` when the private half alone is missing (who has lost it must not get another
 * one unasked), or when it is no key
 */
export async function ensureKeyPair({ privateKey, publicKey }: KeyFiles, form: KeyForm): Promise<void> {
  // Looked at before the private one, which is made first: so of another process nothing but both can be seen.
  const publicText = await read(publicKey);
  const privateText =
    publicText === null ? await makeOnce(privateKey, form.generate) : await read(privateKey);
  if (privateText === null) {
    throw new CountersignError(
      'invalid_configuration',
      `${privateKey} is missing, and its public half ${publicKey} is there: put it back; for a new key move the public half away`,
    );
  }
  let derived: string;
  try {
    derived = form.publicOf(privateText);
    if (derived.trim() === '') throw new Error('the file is empty');
  } catch (cause) {
    throw new CountersignError('invalid_configuration', `${privateKey} is no private key`, { cause });
  }
  if (publicText?.includes(derived.trim()) === true) return;
  // What was there may be needed to check what an earlier key has signed.
  if (publicText !== null) {
    await makeOnce(`${publicKey}.${new Date().toISOString().replaceAll(':', '')}`, () => publicText, 0o644);
  }
  await replaceFile(publicKey, derived, 0o644);
}

async function read(file: string): Promise<string | null> {
  return textOf(file).catch((cause: unknown) => {
    throw new CountersignError('invalid_configuration', `the key file ${file} cannot be read`, { cause });
  });
}
