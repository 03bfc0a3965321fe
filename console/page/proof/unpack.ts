import type { Bytes } from './bytes.ts';
import { joined } from './bytes.ts';

/** What cannot be unpacked. */
export class BadPack extends Error {}

const block = 512;
/** A pack of one change is far smaller; what is larger would fill the browser's memory. */
const mostBytes = 256 * 1024 * 1024;

/**
 * The files of an evidence pack, a gzipped tar of plain files (POSIX ustar).
 * @throws BadPack
 */
export async function unpack(packed: Blob): Promise<ReadonlyMap<string, Bytes>> {
  const tar = await gunzip(packed);
  const files = new Map<string, Bytes>();
  for (let at = 0; at + block <= tar.length;) {
    const header = tar.subarray(at, at + block);
    if (header.every((byte) => byte === 0)) return files;
    const path = textOf(header, 0, 100);
    const size = Number.parseInt(textOf(header, 124, 12).trim(), 8);
    const isPlain = header[156] === 0x30 && textOf(header, 257, 5) === 'ustar';
    if (!isPlain || !Number.isSafeInteger(size) || at + block + size > tar.length || files.has(path)) {
      throw new BadPack('the archive is not one of plain files');
    }
    files.set(path, tar.slice(at + block, at + block + size));
    at += block + Math.ceil(size / block) * block;
  }
  throw new BadPack('the archive ends half-way');
}

async function gunzip(packed: Blob): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of packed.stream().pipeThrough(new DecompressionStream('gzip'))) {
      bytes += part.length;
      if (bytes > mostBytes) throw new BadPack('the pack is too large to be checked here');
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof BadPack) throw error;
    throw new BadPack('the archive cannot be unpacked');
  }
  return joined(...parts);
}

function textOf(header: Uint8Array, from: number, length: number): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return String.fromCharCode(...field.subarray(0, end < 0 ? length : end));
}
