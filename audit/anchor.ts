import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Keeps checkpoints in an append-only file, one note after another with an empty line between them: the simplest place
 * outside Postgres. The file may be moved away at any time; the next note begins another.
 *
 * @returns appends a note, unless it is the last in the file already; durable on return
 */
export function makeFileAnchor(file: string): (note: string) => Promise<void> {
  let last: string | null = null;
  return async (note) => {
    if (note === last) return;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'a+', 0o600);
    try {
      const { size } = await handle.stat();
      const text = `${note}\n`;
      const bytes = Buffer.byteLength(text);
      // A signer that was killed before it wrote the note, or after: look at the end.
      const tail = Buffer.alloc(Math.min(bytes, size));
      await handle.read(tail, 0, tail.length, size - tail.length);
      if (tail.toString() !== text) {
        await handle.appendFile(text);
        await handle.datasync();
      }
      last = note;
    } finally {
      await handle.close();
    }
  };
}
