import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gunzipSync } from 'node:zlib';
import { extract, pack as makeTar } from 'tar-stream';
import type { Header } from 'tar-stream';
import { afterAll } from 'vitest';
import { readTrustedKeys } from '../../audit/verify/trusted-keys.ts';
import { openPack } from '../../audit/verify/pack-source.ts';
import type { StatementClaim } from '../../audit/verify/judge-entries.ts';
import type { FreshnessDemand } from '../../audit/verify/judge-freshness.ts';
import { verdictSchema } from '../../audit/verify/verdict-schema.ts';
import { verifyPack } from '../../audit/verify/verify-pack.ts';
import type { Verdict } from '../../audit/verify/verdict.ts';
import { createSignatureVerifier } from '../../identity/statement-signer.ts';
import { sha256 } from './memory-log.ts';

/** A file of a pack in an attacker's hands. */
export interface OpenFile {
  readonly name: string;
  readonly data: Buffer;
  readonly header?: Partial<Header>;
}

const folder = mkdtemp(join(tmpdir(), 'countersign-pack-'));
let count = 0;
afterAll(async () => rm(await folder, { recursive: true, force: true }));

/** A path for a new file that goes with the test file. */
export async function freshPath(name = 'pack.tgz'): Promise<string> {
  count += 1;
  const own = count;
  return join(await folder, `${own}-${name}`);
}

/** Writes a stream to a file of its own. */
export async function saved(stream: Readable): Promise<string> {
  const path = await freshPath();
  await pipeline(stream, createWriteStream(path));
  return path;
}

/** The files of a gzipped tar, in their order. */
export async function unpacked(tgz: Buffer): Promise<OpenFile[]> {
  const files: OpenFile[] = [];
  const tar = extract();
  const done = pipeline(Readable.from([gunzipSync(tgz)]), tar);
  // What is no archive is told of by the loop.
  done.catch(() => undefined);
  for await (const entry of tar) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    files.push({ name: entry.header.name, data: Buffer.concat(parts) });
  }
  await done;
  return files;
}

/** Packs files again as they are. */
export async function packed(files: readonly OpenFile[]): Promise<string> {
  const tar = makeTar();
  // Where there is a manifest, its time.
  const text = files.find(({ name }) => name === 'manifest.json')?.data.toString() ?? '';
  const madeAt = /"madeAt": "([^"]*)"/.exec(text)?.[1];
  const mtime = madeAt === undefined ? new Date() : new Date(madeAt);
  for (const { name, data, header } of files) tar.entry({ name, size: data.length, mtime, ...header }, data);
  tar.finalize();
  return saved((tar as unknown as Readable).pipe(createGzip()));
}

/**
 * The files with one changed, and a manifest that says so: what somebody does who has read the format. No name: the manifest alone.
 * @throws Error where nothing was changed, which would test nothing
 */
export function changed(
  files: readonly OpenFile[],
  name: string,
  change: (text: string) => string,
  counts?: (manifest: Record<string, unknown>) => Record<string, unknown>,
): OpenFile[] {
  const after = files.map((file) =>
    file.name === name ? { ...file, data: Buffer.from(change(file.data.toString())) } : file,
  );
  if (name !== '' && after.every((file, i) => files[i]?.data.equals(file.data) === true))
    throw new Error(`nothing of ${name} was changed`);
  return after.map((file) => {
    if (file.name !== 'manifest.json' || name === 'manifest.json') return file;
    const manifest = JSON.parse(file.data.toString()) as { files: { path: string }[] };
    const listed = manifest.files.map((f) => {
      const data = after.find((other) => other.name === f.path)?.data;
      return data ? { path: f.path, bytes: data.length, sha256: sha256(data) } : f;
    });
    const said = { ...manifest, files: listed };
    return { ...file, data: Buffer.from(`${JSON.stringify(counts ? counts(said) : said, null, 2)}\n`) };
  });
}

/** Verifies a pack with trusted keys, as the command does. */
export async function verified(
  path: string,
  trusted: string,
  since: string | null = null,
  freshness: FreshnessDemand = { at: Date.parse('2026-11-24T13:00:00Z'), maxAge: null },
): Promise<Verdict> {
  const keys = readTrustedKeys([trusted]);
  const check = createSignatureVerifier(keys.statementKeys);
  const verifyStatement =
    keys.statementKeys.length === 0 ? null : (claims: readonly StatementClaim[]) => claims.map(check);
  const options = { keys, since, verifyStatement, freshness, policies: null };
  const verdict = await verifyPack(await openPack(path), options);
  // Whatever comes out is of the schema.
  verdictSchema.parse(JSON.parse(JSON.stringify(verdict)));
  return verdict;
}

/** Kinds, codes and indexes of what was found, in short. */
export function found({ findings }: Verdict): string[] {
  return findings.map(
    ({ kind, code, index }) =>
      `${kind}${code === undefined ? '' : `:${code}`}${index === null ? '' : `@${index}`}`,
  );
}

/** A folder with the files. */
export async function inFolder(files: readonly OpenFile[]): Promise<string> {
  const path = await freshPath('folder');
  await mkdir(join(path, 'proofs'), { recursive: true });
  for (const { name, data } of files) await writeFile(join(path, name), data);
  return path;
}
