import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { BrokenTrail } from './broken-trail.ts';
import { jsonObjects } from './json-objects.ts';
import { eventsIn } from './trail-event.ts';
import type { TrailEvent } from './trail-event.ts';

/**
 * The events of a trail, one after another, in the order of its files: nothing is kept, so memory does not grow with them.
 *
 * @param paths - files, gzipped or not, and folders of them, which are looked through to the bottom
 * @throws BrokenTrail with the name of the file
 */
export async function* readTrail(paths: readonly string[]): AsyncGenerator<TrailEvent> {
  for (const path of paths) {
    for (const file of await filesAt(path)) {
      try {
        for await (const object of jsonObjects(contentOf(file))) yield* eventsIn(object);
      } catch (error) {
        if (error instanceof BrokenTrail) throw new BrokenTrail(error.kind, `${file}: ${error.message}`);
        throw error;
      }
    }
  }
}

/** A file, or those below a folder, by name; what a dot hides is passed over. */
async function filesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() === true) return [path];
  if (found?.isDirectory() !== true)
    throw new BrokenTrail('not_found', `${path} is neither a file nor a folder`);
  const below = await readdir(path, { withFileTypes: true, recursive: true });
  return below
    .filter((one) => one.isFile() && !one.name.startsWith('.'))
    .map((one) => join(one.parentPath, one.name))
    .sort();
}

async function* contentOf(file: string): AsyncGenerator<Buffer> {
  const source = createReadStream(file, { highWaterMark: 262_144 });
  if (!(await isGzip(file))) {
    yield* source as AsyncIterable<Buffer>;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 262_144 });
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw (error as { code?: string }).code === 'Z_BUF_ERROR'
      ? new BrokenTrail('cut', 'it ends half-way')
      : new BrokenTrail('wrong_format', `it cannot be unpacked: ${(error as Error).message}`);
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => {
    throw new BrokenTrail('not_found', 'it cannot be opened');
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}
