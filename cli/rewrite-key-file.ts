import { CountersignError } from '../domain/error.ts';
import { replaceWith, rewriteFile } from '../embedded/make-once.ts';

/**
 * Writes a key file anew. It stays its owner's and its group's: the processes that have to read it are others than whoever
 * rotates.
 *
 * @throws CountersignError `invalid_configuration` where this process may not write it for them; then it is as it was
 */
export async function rewriteKeyFile(file: string, text: string): Promise<void> {
  await forItsOwner(file, () => rewriteFile(file, text));
}

/** Puts another file in a key file's place, with the same owner, group and mode. @throws as {@link rewriteKeyFile} */
export async function replaceKeyFile(file: string, by: string): Promise<void> {
  await forItsOwner(file, () => replaceWith(by, file));
}

async function forItsOwner(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') throw cause;
    const message = `${file} belongs to others, and only its owner or root may write it anew for them`;
    throw new CountersignError('invalid_configuration', message, { cause });
  }
}
