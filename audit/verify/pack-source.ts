import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { packFiles } from '../pack/manifest.ts';
import { BrokenPack } from './finding.ts';
import { readGzip } from './read-gzip.ts';
import { readTar } from './read-tar.ts';
import type { PackFile } from './read-tar.ts';

/** A pack on disk. */
export interface PackSource {
  /**
   * Its files, one after another; each call reads from the start.
   * @throws BrokenPack
   */
  files(): AsyncGenerator<PackFile>;
}

/**
 * A pack as it was exported (`.tgz`) or unpacked into a folder.
 * @throws BrokenPack `unreadable` when there is nothing of the kind
 */
export async function openPack(path: string): Promise<PackSource> {
  // A link that the auditor names is theirs; those within a folder are the pack's, and are refused.
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return { files: () => folderFiles(path) };
  if (found?.isFile()) return { files: () => readTar(readGzip(path)) };
  throw new BrokenPack('unreadable', `${path} is neither a file nor a folder`);
}

/** A folder's files in a pack's order. Links within it are not followed, and what else lies there is told of. */
async function* folderFiles(folder: string): AsyncGenerator<PackFile> {
  const known: ReadonlySet<string> = new Set(packFiles);
  const there = new Set<string>();
  for (const found of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = relative(folder, join(found.parentPath, found.name)).replaceAll('\\', '/');
    if (found.isDirectory() && path === 'proofs') continue;
    if (!found.isFile()) throw new BrokenPack('unexpected', `${JSON.stringify(path)} is not a plain file`);
    if (!known.has(path)) throw new BrokenPack('unexpected', `${JSON.stringify(path)} is no file of a pack`);
    there.add(path);
  }
  for (const path of packFiles) {
    if (!there.has(path)) continue;

    const file = await open(join(folder, path), constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => {
      throw new BrokenPack('unreadable', `${path} cannot be opened`);
    });
    try {
      const { size: bytes } = await file.stat();
      yield {
        path,
        bytes,
        mtime: null,
        content: file.createReadStream({ autoClose: false, highWaterMark: 262_144 }) as AsyncIterable<Buffer>,
      };
    } finally {
      await file.close();
    }
  }
}
