import type { PackFile } from './read-tar.ts';

/** A line, without its end; null where it is longer than allowed. */
export type Line = Buffer | null;

/** Cuts chunks into lines of at most `maxBytes`; what is longer is passed over without being kept. */
export function lineCutter(maxBytes: number) {
  let held: Buffer[] = [];
  let heldBytes = 0;
  return {
    *push(chunk: Buffer): Generator<Line> {
      let from = 0;
      for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
        const part = chunk.subarray(from, end);
        from = end + 1;
        if (heldBytes === 0) yield part.length > maxBytes ? null : part;
        else {
          yield heldBytes + part.length > maxBytes ? null : Buffer.concat([...held, part]);
          held = [];
          heldBytes = 0;
        }
      }
      if (from === chunk.length) return;
      const rest = chunk.subarray(from);
      heldBytes += rest.length;
      held = heldBytes > maxBytes ? [] : [...held, rest];
    },
    /** Whether something stands behind the last line end. */
    get open() {
      return heldBytes > 0;
    },
  };
}

/** The lines of one file of a pack, read apart from the others; none where there is no such file. */
export async function* linesOf(
  files: AsyncGenerator<PackFile>,
  path: string,
  maxBytes: number,
): AsyncGenerator<Line> {
  for await (const file of files) {
    if (file.path !== path) continue;
    const cutter = lineCutter(maxBytes);
    for await (const chunk of file.content) yield* cutter.push(chunk);
    return;
  }
}
