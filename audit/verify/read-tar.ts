import { BrokenPack } from './finding.ts';
import { ustarHeader } from './ustar-header.ts';

/** A file of a pack as it is read: its content can be taken once, before the next file. */
export interface PackFile {
  readonly path: string;
  readonly bytes: number;
  /** When an archive says that it was written, seconds since the epoch; null in a folder. */
  readonly mtime: number | null;
  readonly content: AsyncIterable<Buffer>;
}

const block = 512;
/** What eleven octal digits cannot say. */
const beyondOctal = 8 ** 11;

/**
 * The files of a tar archive, strictly: plain files under plain names (POSIX ustar) and nothing else. No links, no
 * folders, no extended headers, and no byte that an export does not write: two programs cannot read it differently, and nothing
 * is hidden in it. A file of 8 GiB and more has its size in binary,
 * which every tar of today reads; any other in octal.
 *
 * @throws BrokenPack `unexpected`, `malformed`, or `unreadable` where it ends half-way
 */
export async function* readTar(chunks: AsyncIterable<Buffer>): AsyncGenerator<PackFile> {
  const reader = readerOf(chunks);
  try {
    yield* filesIn(reader);
  } finally {
    await reader.close();
  }
}

async function* filesIn(reader: ReturnType<typeof readerOf>): AsyncGenerator<PackFile> {
  for (;;) {
    const header = await reader.take(block);
    if (isZero(header)) {
      // Two blocks of zeros end it; what comes behind would be seen by some and not by others.
      if (!isZero(await reader.take(block)) || (await reader.some()) !== null)
        throw new BrokenPack('unexpected', 'there is something behind the end of the archive');
      return;
    }
    const { path, bytes, mtime } = readHeader(header);
    let left = bytes;
    const content = async function* (): AsyncGenerator<Buffer> {
      while (left > 0) {
        const part = await reader.some(left);
        if (!part) throw cut();
        left -= part.length;
        yield part;
      }
    };
    yield { path, bytes, mtime, content: content() };
    while (left > 0) {
      const part = await reader.some(left);
      if (!part) throw cut();
      left -= part.length;
    }
    if (!isZero(await reader.take((block - (bytes % block)) % block))) {
      throw new BrokenPack('unexpected', `there is something between the end of ${path} and the next file`);
    }
  }
}

function readHeader(header: Buffer): { path: string; bytes: number; mtime: number } {
  const text = (from: number, length: number) => {
    const field = header.subarray(from, from + length);
    const end = field.indexOf(0);
    return field.toString('latin1', 0, end < 0 ? length : end);
  };
  const octal = (from: number, length: number) => {
    const digits = text(from, length).trim();
    if (!/^[0-7]+$/.test(digits))
      throw new BrokenPack('malformed', 'the archive has a header that is not of ustar');
    return Number.parseInt(digits, 8);
  };
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (octal(148, 8) !== sum)
    throw new BrokenPack('malformed', 'the archive has a header with a wrong checksum');
  const path = text(0, 100);
  const type = header[156];
  if (text(257, 5) !== 'ustar' || text(345, 155) !== '') {
    throw new BrokenPack('malformed', 'the archive has a header that is not of ustar');
  }
  if (type !== 0x30 || text(157, 100) !== '') {
    throw new BrokenPack('unexpected', `${JSON.stringify(path)} is not a plain file`);
  }
  const bytes = header[124] === 0x80 ? Number(header.readBigUInt64BE(128)) : octal(124, 12);
  if (header[124] === 0x80) {
    const known = Number.isSafeInteger(bytes) && bytes >= beyondOctal && isZero(header.subarray(125, 128));
    if (!known) throw new BrokenPack('malformed', `${JSON.stringify(path)} has a size that is none`);
  }
  const mtime = octal(136, 12);
  if (!header.equals(ustarHeader(path, bytes, mtime))) {
    throw new BrokenPack('unexpected', `the header of ${JSON.stringify(path)} is not as an export writes it`);
  }
  return { path, bytes, mtime };
}

function readerOf(chunks: AsyncIterable<Buffer>) {
  const source = chunks[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  /** At least one byte and at most so many; null at the end. */
  const some = async (most = Infinity): Promise<Buffer | null> => {
    while (held.length === 0) {
      const next = await source.next();
      if (next.done === true) return null;
      held = next.value;
    }
    const part = held.subarray(0, Math.min(most, held.length));
    held = held.subarray(part.length);
    return part;
  };
  return {
    some,
    async close(): Promise<void> {
      await source.return?.();
    },
    /** Just so many bytes. */
    async take(length: number): Promise<Buffer> {
      const parts: Buffer[] = [];
      let missing = length;
      while (missing > 0) {
        const part = await some(missing);
        if (!part) throw cut();
        parts.push(part);
        missing -= part.length;
      }
      return Buffer.concat(parts);
    },
  };
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function cut(): BrokenPack {
  return new BrokenPack('unreadable', 'the archive ends half-way');
}
