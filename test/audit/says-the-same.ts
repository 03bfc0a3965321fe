import { crc32, inflateRawSync } from 'node:zlib';
import { jsonText } from '../../audit/pack/manifest.ts';
import type { EarlierCheckpoints, Manifest } from '../../audit/pack/manifest.ts';
import type { HonestPack } from './honest-packs.ts';
import type { TestKeys } from './memory-log.ts';
import { sha256 } from './memory-log.ts';
import { tarOf } from './mutate-pack.ts';
import type { OpenFile } from './pack-file.ts';
import { unpacked } from './pack-file.ts';

/*
 * What docs/auditing.md says is not covered, written down a second time and without any code of the verifier: when a pack was made,
 * the verifier in it, how strongly it is compressed, and signatures and earlier checkpoints that are left out, or are of keys that
 * nobody trusts. Apart from that a pack that is valid has just the bytes that an export wrote.
 */

/** Whether an archive says the same as the honest one: it may be valid. */
export async function saysTheSame(honest: HonestPack, archive: Buffer): Promise<boolean> {
  const tar = strictGunzip(archive);
  if (tar === null) return false;
  const files = await unpacked(archive).catch(() => []);
  if (!files.every(({ name }, i) => name === honest.files[i]?.name) || files.length !== honest.files.length) {
    return false;
  }
  const same = files.every(({ name, data }, i) => {
    const before = honest.files[i]?.data ?? Buffer.alloc(0);
    if (data.equals(before) || name === 'verify.mjs' || name === 'manifest.json') return true;
    if (name === 'checkpoint') return isFewerSignatures(before.toString(), data.toString(), honest.keys);
    return name === 'proofs/checkpoints.json' && areFewer(before.toString(), data.toString(), honest.keys);
  });
  return same && isItsManifest(honest.files, files) && tar.equals(await tarOf(files));
}

/** One member, nothing in its header, nothing behind it. */
function strictGunzip(archive: Buffer): Buffer | null {
  if (!archive.subarray(0, 8).equals(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]))) return null;
  try {
    const { buffer, engine } = inflateRawSync(archive.subarray(10), { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc32(buffer), 0);
    trailer.writeUInt32LE(buffer.length, 4);
    return archive.subarray(10 + engine.bytesWritten).equals(trailer) ? buffer : null;
  } catch {
    return null;
  }
}

/** The old manifest with another time, and with the sums of the files that are there. */
function isItsManifest(before: readonly OpenFile[], after: readonly OpenFile[]): boolean {
  const [old, own] = [before, after].map((files) => files[0]?.data.toString() ?? '') as [string, string];
  const madeAt = /"madeAt": "(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"/.exec(own)?.[1];
  if (madeAt === undefined || Number.isNaN(Date.parse(madeAt))) return false;
  const manifest = JSON.parse(old) as Manifest;
  const files = manifest.files.map(({ path }) => {
    const data = after.find(({ name }) => name === path)?.data ?? Buffer.alloc(0);
    return { path, bytes: data.length, sha256: sha256(data) };
  });
  return own === jsonText({ ...manifest, madeAt, files });
}

interface Note {
  readonly text: string;
  /** Signature lines of the keys that are trusted. */
  readonly trusted: readonly string[];
}

function noteIn(note: string, { log, witness }: TestKeys): Note {
  const at = note.lastIndexOf('\n\n');
  const isTrusted = (line: string) =>
    [log.publicKey, witness.publicKey].some((key) => {
      const [name = '', id = ''] = key.split('+');
      const [, whose, base64 = ''] = line.split(' ');
      return whose === name && Buffer.from(base64, 'base64').toString('hex', 0, 4) === id;
    });
  return {
    text: note.slice(0, at + 1),
    trusted: note
      .slice(at + 2)
      .split('\n')
      .filter(isTrusted),
  };
}

/** The log's own signature is there, and none of a trusted key that was not there before, nor one twice. */
function isFewerSignatures(before: string, after: string, keys: TestKeys): boolean {
  const [old, own] = [noteIn(before, keys), noteIn(after, keys)];
  const isSubset = own.trusted.every((line) => old.trusted.includes(line));
  const isOnce = new Set(own.trusted).size === own.trusted.length;
  return own.text === old.text && isSubset && isOnce && own.trusted.includes(old.trusted[0] ?? '');
}

/** Some of the checkpoints that were there, in their order, and others that no trusted key has signed. */
function areFewer(before: string, after: string, keys: TestKeys): boolean {
  let value: EarlierCheckpoints;
  try {
    value = JSON.parse(after) as EarlierCheckpoints;
  } catch {
    return false;
  }
  const { checkpoints } = value;
  const known = (JSON.parse(before) as EarlierCheckpoints).checkpoints;
  if (!Array.isArray(checkpoints) || after !== jsonText({ checkpoints })) return false;
  let last = -1;
  return checkpoints.every((note: unknown) => {
    if (typeof note !== 'string') return false;
    if (noteIn(note, keys).trusted.length === 0) return true;
    const place = known.findIndex((one) => isFewerSignatures(one, note, keys));
    const isNext = place > last;
    last = place;
    return isNext;
  });
}
