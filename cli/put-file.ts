import { randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { mkdtemp, open, readlink, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError } from 'commander';

/** Where an output goes: to a file's name, as a whole, or through to what has no whole. */
interface OutputPlace {
  readonly kind: 'file' | 'through';
  readonly path: string;
}

/** Symbolic links that a kernel follows at most. */
const mostLinks = 40;

/**
 * Makes a file beside its place and then puts it there, so that half of it is never taken for the whole; two at once do not
 * meet, and what fails leaves nothing. Where a symbolic link stands, its target is replaced. What is no file, such as a pipe or a
 * terminal, stays, and gets the bytes once all of them are there.
 *
 * @param make - writes the draft, an empty file that is there
 * @param mode - of a new file
 * @throws InvalidArgumentError for a place where nothing can be put, before anything is made
 */
export async function putFile<T>(
  path: string,
  make: (draft: string) => Promise<T>,
  mode = 0o600,
): Promise<T> {
  const place = await placeOf(path);
  if (place.kind === 'through') return await putThrough(path, make);
  return await withDraft(`${place.path}.${randomUUID()}`, mode, async (draft) => {
    const made = await make(draft);
    await rename(draft, place.path);
    return made;
  });
}

async function putThrough<T>(path: string, make: (draft: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-'));
  try {
    return await withDraft(join(folder, 'output'), 0o600, async (draft) => {
      const made = await make(draft);
      const through = await open(path, constants.O_WRONLY);
      await pipeline(createReadStream(draft), through.createWriteStream());
      return made;
    });
  } finally {
    await rmdir(folder);
  }
}

async function withDraft<T>(draft: string, mode: number, use: (draft: string) => Promise<T>): Promise<T> {
  // Fails where the name is taken: nothing is written through what somebody else has put there.
  await (await open(draft, 'wx', mode)).close();
  try {
    return await use(draft);
  } finally {
    await rm(draft, { force: true });
  }
}

async function placeOf(path: string): Promise<OutputPlace> {
  const there = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (there === null) return { kind: 'file', path: await endOfLinks(path) };
  if (there.isFile()) return { kind: 'file', path: await realpath(path) };
  if (there.isFIFO() || there.isCharacterDevice()) return { kind: 'through', path };
  throw new InvalidArgumentError(
    `${path} is ${there.isDirectory() ? 'a folder' : 'neither a file nor a pipe'}`,
  );
}

/** Where a link leads to whose target is not there yet. */
async function endOfLinks(path: string): Promise<string> {
  let end = path;
  for (let links = 0; links < mostLinks; links++) {
    const target = await readlink(end).catch(() => null);
    if (target === null) return end;
    end = resolve(dirname(end), target);
  }
  throw new InvalidArgumentError(`${path} leads through too many links`);
}
