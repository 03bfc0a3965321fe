import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  constants,
  copyFile,
  link,
  mkdir,
  open,
  readFile,
  realpath,
  rename,
  stat,
  unlink,
} from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The text of a file, or null where there is none. A file that cannot be read is an error: it is there. */
export async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * The text of a file, which is made where there is none, for its owner alone. It comes into being as a whole and durably, and
 * nothing that is there is ever written over: of two processes at once the second takes what the first has made, and one that
 * is killed leaves no half file under the name.
 */
export async function makeOnce(
  path: string,
  make: () => string | Promise<string>,
  mode = 0o600,
): Promise<string> {
  const there = await textOf(path);
  if (there !== null) return there;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const made = await make();
  return withDraft(path, made, mode, async (draft) => {
    try {
      await linkOrCopy(draft, path);
      return made;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return readFile(path, 'utf8');
    }
  });
}

/** Puts a text in the place of a file's, as a whole and durably; a symbolic link to it stays one. */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await realpath(path).catch(() => path);
  await withDraft(file, text, mode, (draft) => rename(draft, file));
}

/**
 * Puts a text in the place of a file's that is there, as a whole and durably; a symbolic link to it stays one. Its owner, its group and its mode stay, whatever the
 * umask is. @throws an error `EPERM` where this process may not give it to them; then the file stays as it was
 */
export async function rewriteFile(path: string, text: string): Promise<void> {
  const file = await realpath(path);
  const before = await stat(file);
  await withDraft(
    file,
    text,
    0o600,
    (draft) => rename(draft, file),
    (handle) => giveTo(handle, before),
  );
}

/** Puts a file, which is gone then, in the place of another one. Owner, group and mode stay those of the other, as {@link rewriteFile} has it. */
export async function replaceWith(draft: string, path: string): Promise<void> {
  const file = await realpath(path);
  const before = await stat(file);
  const handle = await open(draft, 'r+');
  try {
    await giveTo(handle, before);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  await syncFolder(dirname(file));
}

async function giveTo(handle: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const made = await handle.stat();
  if (made.uid !== uid || made.gid !== gid) await handle.chown(uid, gid);
  await handle.chmod(mode & 0o777);
}

async function withDraft<T>(
  path: string,
  text: string,
  mode: number,
  use: (draft: string) => Promise<T>,
  prepare?: (handle: FileHandle) => Promise<void>,
): Promise<T> {
  const draft = `${path}.${randomUUID()}`;
  try {
    const handle = await open(draft, 'wx', mode);
    try {
      await prepare?.(handle);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const used = await use(draft);
    await syncFolder(dirname(path));
    return used;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

/** A link to a name that is taken fails. Some file systems have none: there a copy that fails in the same way. */
async function linkOrCopy(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    await copyFile(draft, path, constants.COPYFILE_EXCL);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
