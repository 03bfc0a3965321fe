import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CountersignError } from '../../domain/error.ts';
import type { Place, Source } from './place.ts';

/** Where files are made before they get their names. */
const drafts = '.drafts';
/** Older than any file that somebody still writes. */
const draftAgeMs = 3_600_000;

/** A folder that a log was forwarded to. */
export function folderSource(folder: string): Source {
  return {
    name: folder,
    read: (path) =>
      orUnavailable(folder, async () => {
        try {
          return await readPlain(join(folder, path));
        } catch (error) {
          if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
          throw error;
        }
      }),
  };
}

/** A pipe or a device has no end; whoever can write the folder could have a follower wait for ever. */
async function readPlain(file: string): Promise<Buffer> {
  if (!(await stat(file)).isFile()) throw new Error(`${file} is not a plain file`);
  return readFile(file);
}

/**
 * Forwards to a folder, which is made. Each file (0444) is written beside, synced, and linked to its name, which fails where
 * the name is taken: nobody sees half a file, and none is overwritten. What a process that was killed has left unfinished
 * goes after an hour.
 *
 * @throws CountersignError `place_unavailable`
 */
export async function openFolderPlace(folder: string): Promise<Place> {
  await orUnavailable(folder, async () => {
    await mkdir(join(folder, drafts), { recursive: true });
    await dropOldDrafts(join(folder, drafts));
  });
  return {
    ...folderSource(folder),
    create: (path, bytes) =>
      orUnavailable(folder, () =>
        withDraft(folder, bytes, async (draft) => {
          const file = join(folder, path);
          await makeFolders(folder, dirname(file));
          try {
            await link(draft, file);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
            throw error;
          }
          await syncFolder(dirname(file));
          return true;
        }),
      ),
    replace: (path, bytes) =>
      orUnavailable(folder, () =>
        withDraft(folder, bytes, async (draft) => {
          await rename(draft, join(folder, path));
          await syncFolder(dirname(join(folder, path)));
        }),
      ),
  };
}

async function withDraft<T>(folder: string, bytes: Buffer, use: (draft: string) => Promise<T>): Promise<T> {
  const draft = join(folder, drafts, randomUUID());
  try {
    const handle = await open(draft, 'wx', 0o444);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return await use(draft);
  } finally {
    // Renamed, or also where the disk is full.
    await unlink(draft).catch(() => undefined);
  }
}

/** Each new folder is durable in the one above before anything is in it. */
async function makeFolders(root: string, folder: string): Promise<void> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  if (isThere || folder === root) return;
  await makeFolders(root, dirname(folder));
  await mkdir(folder, { recursive: true });
  await syncFolder(dirname(folder));
}

async function dropOldDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > draftAgeMs) await unlink(file).catch(() => undefined);
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

async function orUnavailable<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause;
    throw new CountersignError('place_unavailable', `${folder}: ${(cause as Error).message}`, { cause });
  }
}
