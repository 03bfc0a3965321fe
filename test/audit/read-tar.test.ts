import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pack as makeTar } from 'tar-stream';
import { expect, test } from 'vitest';
import { readTar } from '../../audit/verify/read-tar.ts';

/** The header that exports write for a file of that size. */
async function headerOf(size: number): Promise<Buffer> {
  const tar = makeTar();
  tar.entry({ name: 'entries.jsonl', size });
  const [header] = (await once(tar as unknown as Readable, 'data')) as [Buffer];
  return header;
}

async function* archive(header: Buffer, content: Iterable<Buffer>): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield header;
  yield* content;
  yield Buffer.alloc(1024);
}

function* zeros(bytes: number): Generator<Buffer> {
  const piece = Buffer.alloc(2 ** 26);
  for (let left = bytes; left > 0; left -= piece.length)
    yield piece.subarray(0, Math.min(left, piece.length));
}

test.each([0, 1, 511, 512, 2 ** 33 - 512, 2 ** 33 - 1, 2 ** 33, 2 ** 34 + 513])(
  'a file of %i bytes is read to its end',
  async (bytes) => {
    const padded = Math.ceil(bytes / 512) * 512;
    const seen = [];
    for await (const file of readTar(archive(await headerOf(bytes), zeros(padded)))) {
      let read = 0;
      for await (const part of file.content) read += part.length;
      seen.push({ path: file.path, bytes: file.bytes, read });
    }
    expect(seen).toEqual([{ path: 'entries.jsonl', bytes, read: bytes }]);
  },
);

test.each([
  ['that octal could say', 2n ** 33n - 1n, 0],
  ['of nothing', 0n, 0],
  ['beyond what can be counted', 2n ** 53n, 0],
  ['of more than eight bytes', 2n ** 33n, 1],
])('a binary size %s is none', async (_name, size, before) => {
  const header = await headerOf(2 ** 33);
  header[127] = before;
  header.writeBigUInt64BE(size, 128);
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  await expect(readTar(archive(header, [])).next()).rejects.toMatchObject({ kind: 'malformed' });
});
