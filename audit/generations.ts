import { link, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';

/** A value kept on disk, and how often it was replaced. */
export interface Generation<T> {
  readonly number: number;
  readonly value: T;
}

/** A value in a folder that several processes may share, replaced by compare-and-swap. */
export interface Generations<T> {
  /** The newest, or null in an empty folder. */
  read(): Promise<Generation<T> | null>;
  /**
   * Makes `value` the one after `before` (null: the first), durably: it survives a power cut once this resolves.
   *
   * @returns the new generation, or null when somebody else has followed `before` meanwhile; then nothing was kept
   */
  follow(before: Generation<T> | null, value: T): Promise<Generation<T> | null>;
}

const fileName = (number: number): string => `${String(number).padStart(12, '0')}.json`;
const filePattern = /^(\d{12})\.json$/;

/**
 * Opens the folder, making it (0700). Each generation is a file (0600) of its own, written beside, synced and then linked to its
 * name, which fails where the name is taken: of two processes that follow the same generation one loses, also one that was
 * stopped for hours in between. The newest generation is never removed, so who finds a newer one than its own has lost, too.
 *
 * @param parse - throws on what is no value, which `read` passes on: a spoilt memory is not an empty one
 */
export async function openGenerations<T>(
  folder: string,
  parse: (json: unknown) => T,
): Promise<Generations<T>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });

  async function numbers(): Promise<number[]> {
    const found = (await readdir(folder)).flatMap((name) => filePattern.exec(name)?.[1] ?? []);
    return found.map(Number).sort((a, b) => b - a);
  }

  return {
    async read() {
      for (;;) {
        const [number] = await numbers();
        if (number === undefined) return null;
        const text = await readFile(join(folder, fileName(number)), 'utf8').catch((error: unknown) => {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
          throw error;
        });
        // Replaced between the two looks: look again.
        if (text !== null) return { number, value: parse(JSON.parse(text)) };
      }
    },

    async follow(before, value) {
      const number = (before?.number ?? 0) + 1;
      const file = join(folder, fileName(number));
      const draft = join(folder, `${fileName(number)}.${process.pid}.${randomUUID()}`);
      try {
        await writeDurably(draft, `${JSON.stringify(value, null, 2)}\n`);
        await link(draft, file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
        throw error;
      } finally {
        // Also where the disk is full: half a draft for each try would fill it further.
        await unlink(draft).catch(ignoreMissing);
      }
      await syncFolder(folder);
      const all = await numbers();
      if ((all[0] ?? 0) > number) {
        // Another process was ahead, and has removed the generation that had the name.
        await unlink(file);
        return null;
      }
      for (const old of all) if (old < number) await unlink(join(folder, fileName(old))).catch(ignoreMissing);
      return { number, value };
    },
  };
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
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

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
