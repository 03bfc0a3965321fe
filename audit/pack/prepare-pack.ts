import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack as makeTar } from 'tar-stream';
import { CountersignError } from '../../domain/error.ts';
import { isoTime } from '../../domain/time.ts';
import { coveringNodes } from '../compact-range.ts';
import { consistencyProof, inclusionProof, rootOf } from '../merkle.ts';
import type { HashReader } from '../merkle.ts';
import { csvHeader, csvLine } from './csv.ts';
import { leafLine } from './leaf-line.ts';
import { jsonText, limitsOf, packFiles } from './manifest.ts';
import type {
  ConsistencyProof,
  Coverage,
  EarlierCheckpoints,
  Manifest,
  PackPath,
  RangeProof,
} from './manifest.ts';
import { ocsfLine } from './ocsf.ts';
import type { StoredSealed } from './read-sealed.ts';
import { readmeText } from './readme.ts';
import { draftReport } from './report.ts';

/** What a pack is made from. */
export interface PackDependencies {
  /** The entries that a pack covers, those of a checkpoint of `size` at most; asked for several times. See {@link ./read-sealed.ts}. */
  entries(covers: Coverage, size: number): AsyncIterable<StoredSealed>;
  /** The hashes of the log's tree. */
  readonly read: HashReader;
  /** What to prove against: the log's newest checkpoint, as the signed note that was published. */
  readonly checkpoint: {
    readonly origin: string;
    readonly size: number;
    readonly root: Uint8Array;
    readonly note: string;
  };
  /** Signed notes of checkpoints of more than `from` and at most `to` entries, the smallest first; not every one there is. */
  earlierCheckpoints(from: number, to: number): Promise<readonly string[]>;
  /** The single-file verifier. */
  readonly verifier: Uint8Array;
  readonly now?: () => number;
}

/** What to put into a pack. */
export interface PackRequest {
  /** A change's entries, or those of a range; `to` null: up to the checkpoint. */
  readonly covers:
    | { readonly kind: 'range'; readonly from: number; readonly to: number | null }
    | { readonly kind: 'change'; readonly changeId: string };
  /** The size of the auditor's last checkpoint, or null. */
  readonly since: number | null;
}

/** A pack whose every byte is determined, and that has yet to be written. */
export interface PreparedPack {
  readonly manifest: Manifest;
  /** The gzipped tar, made while it is read. */
  stream(): Readable;
}

/**
 * Measures a pack and makes its manifest; the entries are read once for that and once more for each of their files when
 * the pack is written. Nothing is kept but sums, so memory is flat and no disk is needed.
 *
 * @throws CountersignError `not_found` when there is no such entry under the checkpoint, or none that asks for the change;
 * `invalid_request` for a range or `since` beyond it; `log_unavailable`, `integrity_conflict`
 */
export async function preparePack(deps: PackDependencies, request: PackRequest): Promise<PreparedPack> {
  const { read, checkpoint, verifier, now = Date.now } = deps;
  const { size, origin } = checkpoint;
  const covers = coverageOf(request, size);
  const { since } = request;
  if (since !== null && since > size) {
    throw new CountersignError(
      'invalid_request',
      `since: expected at most ${size}, the log's checkpoint, got ${since}`,
      {
        errors: [{ field: 'since', rule: 'maximum', message: `at most ${size}` }],
      },
    );
  }
  const entries = () => deps.entries(covers, size);
  const lines: Partial<
    Record<PackPath, (entry: StoredSealed) => Promise<string | Buffer> | string | Buffer>
  > = {
    'leaves.jsonl': async ({ index, stored }) =>
      leafLine(
        { index, ...stored },
        covers.kind === 'change' ? hexes(await inclusionProof(index, size, read)) : undefined,
      ),
    'entries.jsonl': ({ bytes }) => Buffer.concat([bytes, newline]),
    'ocsf.jsonl': (entry) => ocsfLine(entry, origin),
    'entries.csv': csvLine,
  };
  const heads: Partial<Record<PackPath, string>> = { 'entries.csv': csvHeader };

  const sums = Object.fromEntries(
    Object.keys(lines).map((path) => [path, makeSum(heads[path as PackPath])] as const),
  );
  const report = draftReport(covers);
  const types: Record<string, number> = {};
  const context: Record<string, number> = {};
  const changes = new Set<string>();
  let count = 0;
  for await (const entry of entries()) {
    for (const [path, line] of Object.entries(lines)) sums[path]?.add(await line(entry));
    report.add(entry);
    const { type, changeId } = entry.columns;
    const isContext = covers.kind === 'change' && changeId !== covers.changeId;
    types[type] = (types[type] ?? 0) + 1;
    if (isContext) context[type] = (context[type] ?? 0) + 1;
    else if (changeId !== null) changes.add(changeId);
    count += 1;
  }
  if (count === 0) {
    throw new CountersignError(
      'not_found',
      'the log’s checkpoint has no such entry; what is new is under the next one',
    );
  }

  const about = {
    format: 'countersign-evidence-pack',
    version: 1,
    log: origin,
    checkpoint: { size, root: Buffer.from(checkpoint.root).toString('hex') },
    covers,
    since,
    counts: { entries: count, changes: changes.size, types: sorted(types), context: sorted(context) },
    notProven: limitsOf(covers, size, since),
  } as const;
  const fixed: Partial<Record<PackPath, string | Uint8Array>> = {
    'README.txt': readmeText(about),
    'verify.mjs': verifier,
    checkpoint: checkpoint.note,
    ...(since === null ? {} : { 'consistency.json': jsonText(await consistency(since, checkpoint, read)) }),
    ...(covers.kind === 'range'
      ? {
          'proofs/range.json': jsonText(await rangeProof(covers, size, read)),
          'proofs/checkpoints.json': jsonText({
            checkpoints: await deps.earlierCheckpoints(covers.from, Math.min(covers.to, size - 1)),
          } satisfies EarlierCheckpoints),
        }
      : {}),
    'report.html': report.render(about),
  };
  const files = packFiles.flatMap((path) => {
    const content = fixed[path];
    const sum = sums[path] ?? (content === undefined ? undefined : makeSum(content));
    return sum ? [{ path, ...sum.total() }] : [];
  });
  const manifest: Manifest = { ...about, madeAt: isoTime(now()), files };

  async function* contentOf(path: PackPath): AsyncGenerator<string | Uint8Array> {
    const content = fixed[path];
    if (content !== undefined) {
      yield content;
      return;
    }
    if (heads[path] !== undefined) yield heads[path];
    const line = lines[path];
    for await (const entry of entries()) if (line) yield await line(entry);
  }

  return {
    manifest,
    stream() {
      const tar = makeTar();
      const mtime = new Date(manifest.madeAt);
      const put = async (path: PackPath, bytes: number, content: AsyncIterable<string | Uint8Array>) => {
        const entry = tar.entry({ name: path, size: bytes, mtime, mode: 0o644 });
        await pipeline(chunked(content), entry);
      };
      const write = async (): Promise<void> => {
        const text = jsonText(manifest);
        await put('manifest.json', Buffer.byteLength(text), Readable.from([text]));
        for (const { path, bytes } of files) await put(path, bytes, contentOf(path));
        tar.finalize();
      };
      const gzip = createGzip({ level: 4 });
      write().catch((error: unknown) => {
        tar.destroy(error instanceof Error ? error : new Error(String(error)));
      });
      pipeline(tar as unknown as Readable, gzip).catch((error: unknown) => {
        gzip.destroy(error instanceof Error ? error : new Error(String(error)));
      });
      return gzip;
    },
  };
}

const newline = Buffer.from('\n');

function coverageOf({ covers }: PackRequest, size: number): Coverage {
  if (covers.kind === 'change') return covers;
  const { from } = covers;
  const to = covers.to ?? size;
  if (to > size) {
    throw new CountersignError(
      'invalid_request',
      `to: expected at most ${size}, the log's checkpoint, got ${to}`,
      {
        errors: [{ field: 'to', rule: 'maximum', message: `at most ${size}` }],
      },
    );
  }
  if (covers.to !== null && from >= to) {
    throw new CountersignError('invalid_request', `from: expected less than to, ${to}, got ${from}`, {
      errors: [{ field: 'from', rule: 'maximum', message: `less than ${to}` }],
    });
  }
  return { kind: 'range', from, to };
}

async function rangeProof(
  { from, to }: { readonly from: number; readonly to: number },
  size: number,
  read: HashReader,
): Promise<RangeProof> {
  const before = hexes(await readAll(coveringNodes(0, from), read));
  const after = hexes(await readAll(coveringNodes(to, size), read));
  return { from, to, size, before, after };
}

async function consistency(
  from: number,
  { size, root }: PackDependencies['checkpoint'],
  read: HashReader,
): Promise<ConsistencyProof> {
  const older = from === size ? Buffer.from(root) : await rootOf(from, read);
  const proof = hexes(await consistencyProof(from, size, read));
  return { from, root: older.toString('hex'), to: size, proof };
}

function readAll(nodes: Parameters<HashReader>[0], read: HashReader): Promise<Buffer[]> {
  return nodes.length === 0 ? Promise.resolve([]) : read(nodes);
}

function hexes(hashes: readonly Buffer[]): string[] {
  return hashes.map((hash) => hash.toString('hex'));
}

function sorted(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Length and SHA-256 of what passes. */
function makeSum(head: string | Uint8Array = '') {
  const hash = createHash('sha256').update(head);
  let bytes = Buffer.byteLength(head);
  return {
    add(part: string | Uint8Array): void {
      hash.update(part);
      bytes += Buffer.byteLength(part);
    },
    total: () => ({ bytes, sha256: hash.copy().digest('hex') }),
  };
}

/** Lines gathered into pieces that are worth a write. */
async function* chunked(parts: AsyncIterable<string | Uint8Array>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const part of parts) {
    const piece =
      typeof part === 'string'
        ? Buffer.from(part)
        : Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    held.push(piece);
    bytes += piece.length;
    if (bytes < 65_536) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}
