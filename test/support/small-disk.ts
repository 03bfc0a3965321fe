import { execFile } from 'node:child_process';
import { chmod, mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';

const run = promisify(execFile);

/** A disk of a test's own that can be filled to its last byte. */
export interface SmallDisk {
  /** Where it is mounted; anybody may enter. */
  readonly path: string;
  /** Writes until nothing more fits. */
  fill(): Promise<void>;
  /** Takes the filling away again. */
  free(): Promise<void>;
}

/** Mounts a disk in memory for one test, or skips the test where that is not allowed. Gone with the test. */
export async function smallDisk({ skip, onTestFinished }: TestContext, size: string): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'countersign-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
  } catch (error) {
    await rmdir(path);
    skip(`a small disk cannot be mounted here, it takes root: ${String(error)}`);
  }
  onTestFinished(async () => {
    // Lazily: whoever still has a file of it open keeps it, and nobody else.
    await run('umount', ['--lazy', path]);
    await rmdir(path);
  });
  await chmod(path, 0o711);
  const filling = join(path, 'filling');
  return {
    path,
    async fill() {
      const file = await open(filling, 'a');
      try {
        for (let chunk = 2 ** 20; chunk >= 1; chunk /= 16) {
          const bytes = Buffer.alloc(chunk);
          while (await isWritten(file.write(bytes)));
        }
      } finally {
        await file.close();
      }
    },
    free: () => rm(filling),
  };
}

async function isWritten(writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
