import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { BrokenPack } from './finding.ts';

const headerBytes = 10;
const trailerBytes = 8;
const piece = 262_144;

/**
 * What a gzip file holds: one member with nothing in its header and nothing behind its end. Most programs pass over names,
 * comments, further members and bytes at the end; they would hide there.
 *
 * @throws BrokenPack `unreadable` where it is cut or spoilt, `unexpected` where there is more than an export writes
 */
export async function* readGzip(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r').catch(() => {
    throw new BrokenPack('unreadable', 'the archive cannot be opened');
  });
  try {
    const { size } = await file.stat();
    const head = await bytesAt(file, 0, headerBytes);
    if (head.length < headerBytes || head[0] !== 0x1f || head[1] !== 0x8b || head[2] !== 8) {
      throw new BrokenPack('unreadable', 'the archive cannot be read: it is no gzip file');
    }
    // Flags and time. The two bytes behind them say how it was compressed and where, and matter to nobody.
    if (head.subarray(3, 8).some((byte) => byte !== 0)) {
      throw new BrokenPack('unexpected', 'there is something in the header of the gzip file');
    }
    const inflate = createInflateRaw({ chunkSize: piece });
    const source = createReadStream(path, { start: headerBytes, highWaterMark: piece });
    source.on('error', (error) => inflate.destroy(error));
    source.pipe(inflate);
    let [sum, length] = [0, 0];
    try {
      for await (const chunk of inflate as AsyncIterable<Buffer>) {
        sum = crc32(chunk, sum);
        length += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (error instanceof BrokenPack) throw error;
      throw new BrokenPack('unreadable', `the archive cannot be read: ${(error as Error).message}`);
    } finally {
      source.destroy();
      inflate.destroy();
    }
    const end = headerBytes + inflate.bytesWritten;
    const trailer = await bytesAt(file, end, trailerBytes);
    if (trailer.length < trailerBytes) throw new BrokenPack('unreadable', 'the archive ends half-way');
    if (trailer.readUInt32LE(0) !== sum || trailer.readUInt32LE(4) !== length % 2 ** 32) {
      throw new BrokenPack('unreadable', 'the archive cannot be read: its checksum is another');
    }
    if (size > end + trailerBytes) {
      throw new BrokenPack('unexpected', 'there is something behind the end of the gzip file');
    }
  } finally {
    await file.close();
  }
}

async function bytesAt(
  file: Awaited<ReturnType<typeof open>>,
  position: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}
