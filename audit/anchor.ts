import { mkdir, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { TreeState } from './refusal-to-sign.ts';

/** Where checkpoints are kept besides Postgres and the signer's memory. */
export interface Anchor {
  /** Keeps a note, unless it is the last one already; durable on return. */
  keep(note: string): Promise<void>;
  /** The largest tree of an origin that is kept, or null. Signatures are not asked for: what it says is only used to stop. */
  largest(origin: string): Promise<TreeState | null>;
}

/** How much of a file is read at once, from its end. */
const piece = 1024 * 1024;
/** Longer than any note. */
const overlap = 16_384;

/**
 * Keeps checkpoints in an append-only file, one note after another with an empty line between them: the simplest place
 * outside Postgres. The file may be moved away at any time; the next note begins another. Files beside it whose names begin
 * with its own are looked through too, so that a rotated file still counts.
 */
export function makeFileAnchor(file: string): Anchor {
  let last: string | null = null;
  return {
    async keep(note) {
      if (note === last) return;
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const handle = await open(file, 'a+', 0o600);
      try {
        const { size } = await handle.stat();
        const text = `${note}\n`;
        const bytes = Buffer.byteLength(text);
        // A signer may have been killed before or after it wrote the note: the end of the file tells.
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
    },

    async largest(origin) {
      const names = await readdir(dirname(file)).catch(noneIfMissing);
      const found: TreeState[] = [];
      for (const name of names.filter((one) => one.startsWith(basename(file)))) {
        const state = await largestIn(join(dirname(file), name), origin);
        if (state !== null) found.push(state);
      }
      return largestOf(found);
    },
  };
}

/** From the file's end: its last megabyte, and further back only while the origin has not been met. */
async function largestIn(file: string, origin: string): Promise<TreeState | null> {
  const handle = await open(file, 'r');
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return null;
    for (let end = stat.size; end > 0; end -= piece) {
      const start = Math.max(0, end - piece);
      const bytes = Buffer.alloc(Math.min(stat.size, end + overlap) - start);
      await handle.read(bytes, 0, bytes.length, start);
      const state = largestOf(statesIn(bytes.toString(), origin));
      if (state !== null) return state;
    }
    return null;
  } finally {
    await handle.close();
  }
}

/** The trees of an origin in a text of notes; what is torn, or of another origin, is passed over. */
function statesIn(text: string, origin: string): TreeState[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const [size = '', root = ''] = [lines[at + 1], lines[at + 2]];
    if (line !== origin || !/^[1-9]\d{0,15}$/.test(size) || !/^[A-Za-z0-9+/]{43}=$/.test(root)) return [];
    return [{ size: Number(size), root: Buffer.from(root, 'base64') }];
  });
}

function largestOf(states: readonly TreeState[]): TreeState | null {
  return states.reduce<TreeState | null>((best, one) => (one.size > (best?.size ?? 0) ? one : best), null);
}

function noneIfMissing(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}
