import { gunzipSync, gzipSync } from 'node:zlib';
import { pack as makeTar } from 'tar-stream';
import type { Readable } from 'node:stream';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { HonestPack } from './honest-packs.ts';
import { makeKeys } from './memory-log.ts';
import { mutateBytes, oneOf } from './mutate-bytes.ts';
import type { Random } from './mutate-bytes.ts';
import { editedJson, mutateLines } from './mutate-lines.ts';
import { changed } from './pack-file.ts';
import type { OpenFile } from './pack-file.ts';

/** A pack after an attack. */
export interface Mutation {
  /** The attack in words, for whoever looks at one that got through. */
  readonly what: string;
  readonly archive: Buffer;
  /** Whether nothing was touched but what a pack says nothing by. */
  readonly isFree?: true;
}

type Attack = (pack: HonestPack, random: Random, others: readonly HonestPack[]) => Promise<Mutation>;

/** The files as a tar, as an export writes it: with the manifest's time. */
export async function tarOf(files: readonly OpenFile[]): Promise<Buffer> {
  const manifest = files.find(({ name }) => name === 'manifest.json')?.data.toString() ?? '';
  const time = new Date(/"madeAt": "([^"]*)"/.exec(manifest)?.[1] ?? 0);
  const mtime = Number.isNaN(time.getTime()) ? new Date(0) : time;
  const tar = makeTar();
  for (const { name, data } of files) tar.entry({ name, size: data.length, mtime, mode: 0o644 }, data);
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar as unknown as Readable) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const gzipped = (tar: Buffer) => gzipSync(tar, { level: 1 });
const archived = async (files: readonly OpenFile[]) => gzipped(await tarOf(files));
/** The manifest with the lengths and hashes of the files that are there now; as it is where it is none any more. */
function settled(files: readonly OpenFile[]): readonly OpenFile[] {
  try {
    return changed(files, '', (text) => text);
  } catch {
    return files;
  }
}

/** Files after an edit, the manifest as it was or made anew. */
async function edited(files: readonly OpenFile[], what: string, random: Random): Promise<Mutation> {
  if (random(3) === 0) return { what, archive: await archived(files) };
  return { what: `${what}, the manifest set right`, archive: await archived(settled(files)) };
}

const attacks: readonly Attack[] = [
  function onArchive({ archive }, random) {
    const { data, what } = mutateBytes(archive, random);
    return Promise.resolve({ what: `archive: ${what}`, archive: data });
  },
  function onTar({ tar }, random) {
    const { data, what } = mutateBytes(tar, random);
    return Promise.resolve({ what: `tar: ${what}`, archive: gzipped(data) });
  },
  function onBytesOfFile({ files }, random) {
    const file = oneOf(files, random);
    const { data, what } = mutateBytes(file.data, random);
    const after = files.map((one) => (one === file ? { ...one, data } : one));
    return edited(after, `${file.name}: ${what}`, random);
  },
  function onLinesOfFile({ files }, random) {
    const file = oneOf(files, random);
    const { text, what } = mutateLines(file.data.toString(), random);
    const after = files.map((one) => (one === file ? { ...one, data: Buffer.from(text) } : one));
    return edited(after, `${file.name}: ${what}`, random);
  },
  function onMemberOfFile({ files }, random) {
    const file = oneOf(
      files.filter(({ name }) => name.endsWith('.json')),
      random,
    );
    const data = Buffer.from(`${editedJson(file.data.toString(), random, 2)}\n`);
    const after = files.map((one) => (one === file ? { ...one, data } : one));
    return edited(after, `${file.name}: a member`, random);
  },
  /** The same entry left out, or the same two swapped, in all files of lines. */
  function onLinesOfAll({ files }, random) {
    const isOfLines = ({ name }: OpenFile) => /jsonl$|csv$/.test(name);
    const count =
      (files
        .find(({ name }) => name === 'leaves.jsonl')
        ?.data.toString()
        .split('\n').length ?? 2) - 1;
    const [at, other, drops] = [random(count), random(count), random(2) === 0];
    const after = files.map((file) => {
      if (!isOfLines(file)) return file;
      const head = file.name.endsWith('csv') ? 1 : 0;
      const lines = file.data.toString().split('\n');
      const [i, j] = [at + head, other + head];
      const next = drops ? lines.toSpliced(i, 1) : lines.with(i, lines[j] ?? '').with(j, lines[i] ?? '');
      return { ...file, data: Buffer.from(next.join('\n')) };
    });
    return edited(
      after,
      drops ? `entry ${at} dropped everywhere` : `entries ${at}, ${other} swapped everywhere`,
      random,
    );
  },
  function onFiles({ files }, random) {
    const at = random(files.length);
    const other = random(files.length);
    const [file, next] = [files[at], files[other]] as [OpenFile, OpenFile];
    const edits: readonly [string, OpenFile[]][] = [
      ['dropped', files.toSpliced(at, 1)],
      ['twice', files.toSpliced(other, 0, file)],
      ['moved', files.toSpliced(at, 1).toSpliced(other, 0, file)],
      ['as another', files.with(at, { ...file, data: next.data })],
      ['renamed', files.with(at, { ...file, name: oneOf(['x', `${file.name}.bak`, 'proofs/x'], random) })],
      ['added', files.toSpliced(other, 0, { name: 'notes.txt', data: Buffer.from('x') })],
    ];
    const [what, after] = oneOf(edits, random);
    return edited(after, `${file.name}: ${what}`, random);
  },
  /** A file of another honest pack of the same log. */
  function spliced({ files }, random, others) {
    const other = oneOf(others, random);
    const file = oneOf(other.files, random);
    const after = files.some(({ name }) => name === file.name)
      ? files.map((one) => (one.name === file.name ? file : one))
      : files.toSpliced(random(files.length), 0, file);
    return edited(after, `${file.name} of ${other.name}`, random);
  },
  /** Everything made anew from other entries, as an export would, by somebody without the log's key. */
  async function exportedAnew(pack, random) {
    const { entries, keys } = pack;
    const at = random(entries.length);
    const forger = { ...makeKeys(keys.origin), statementSigner: keys.statementSigner };
    const how = oneOf(['another key', 'the old checkpoint', 'the old signatures'] as const, random);
    const what = `entry ${at} edited, under ${how}`;
    try {
      return { what, archive: await pack.forged(entriesAfter(entries, at, random), forger, how) };
    } catch {
      // Of what is no entry any more nobody can make a pack.
      return { what: `${what}, left out`, archive: await pack.forged(entries.toSpliced(at, 1), forger, how) };
    }
  },
  /** What a pack says nothing by. */
  async function onWhatIsFree({ files, tar }, random) {
    const isFree = true;
    switch (random(4)) {
      case 0:
        return { what: 'packed at another level', archive: gzipSync(tar, { level: random(10) }), isFree };
      case 1: {
        const after = changed(files, 'manifest.json', (text) =>
          text.replace(/"madeAt": "[^"]*"/, `"madeAt": "${new Date(1.8e12 + random(1e9)).toISOString()}"`),
        );
        return { what: 'made at another time', archive: await archived(after), isFree };
      }
      case 2: {
        const after = changed(files, 'verify.mjs', (text) => `${text}// ${random(1e9)}\n`);
        return { what: 'another verifier', archive: await archived(after), isFree };
      }
      default: {
        const line = `— other.test/log ${Buffer.from(`${random(1e9)}`.padStart(68, '0')).toString('base64')}\n`;
        const after = changed(files, 'checkpoint', (text) => `${text}${line}`);
        return { what: 'a signature of a key that nobody trusts', archive: await archived(after), isFree };
      }
    }
  },
];

function entriesAfter(entries: readonly EntryBody[], at: number, random: Random): EntryBody[] {
  const entry = entries[at] as EntryBody;
  switch (random(3)) {
    case 0:
      return entries.toSpliced(at, 1);
    case 1:
      return entries.toSpliced(random(entries.length), 0, entry);
    default: {
      try {
        const other = JSON.parse(
          canonicalJson(JSON.parse(editedJson(JSON.stringify(entry), random))),
        ) as EntryBody;
        return entries.with(at, other);
      } catch {
        return entries.toSpliced(at, 1);
      }
    }
  }
}

/** The names of the attacks. */
export const attackNames: readonly string[] = attacks.map(({ name }) => name);

/** A pack after one attack at random that changed something. */
export async function mutatePack(
  pack: HonestPack,
  random: Random,
  others: readonly HonestPack[],
): Promise<Mutation> {
  for (;;) {
    const attack = oneOf(attacks, random);
    const mutation = await attack(pack, random, others);
    const { what, archive, isFree } = mutation;
    const isPlain = attack.name === 'onArchive' || isFree === true;
    if (isPlain || !gunzipSync(archive).equals(pack.tar)) {
      return { ...mutation, what: `${attack.name}: ${what}` };
    }
  }
}
