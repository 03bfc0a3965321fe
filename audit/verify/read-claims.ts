import { isoTime } from '../../domain/time.ts';
import { packFiles } from '../pack/manifest.ts';
import type {
  ConsistencyProof,
  Coverage,
  EarlierCheckpoints,
  Manifest,
  RangeProof,
} from '../pack/manifest.ts';
import { BrokenPack } from './finding.ts';

/**
 * `manifest.json`, its form checked and nothing of it believed.
 * @throws BrokenPack `malformed`, or `unchecked` for a version that this verifier does not know
 */
export function readManifest(text: string): Manifest {
  const value = parsed(text, 'manifest.json');
  const { format, version, madeAt, log, covers, since, counts, files, checkpoint, notProven } = value;
  if (format !== 'countersign-evidence-pack') throw broken('manifest.json is not of an evidence pack');
  if (version !== 1) {
    throw new BrokenPack(
      'unchecked',
      `the pack is of version ${JSON.stringify(version)}, this verifier knows 1`,
    );
  }
  if (!isCoverage(covers)) throw broken('manifest.json does not say what the pack covers');
  const { entries, types, context } = objectOf(counts);
  if (
    typeof log !== 'string' ||
    !isMoment(madeAt) ||
    !(since === null || isSize(since)) ||
    !isSize(entries) ||
    types === null ||
    typeof types !== 'object' ||
    context === null ||
    typeof context !== 'object' ||
    !isSize(objectOf(checkpoint).size) ||
    !Array.isArray(notProven)
  ) {
    throw broken('manifest.json lacks members');
  }
  if (!Array.isArray(files) || files.length > packFiles.length) throw broken('manifest.json lists no files');
  const paths = new Set<unknown>();
  for (const file of files) {
    const { path, bytes, sha256 } = objectOf(file);
    if (!isSize(bytes) || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
      throw broken('manifest.json has a file without bytes or SHA-256');
    }
    if (!(packFiles as readonly unknown[]).includes(path)) {
      throw new BrokenPack(
        'unexpected',
        `manifest.json lists ${JSON.stringify(path)}, which is no file of a pack`,
      );
    }
    if (paths.has(path))
      throw new BrokenPack('unexpected', `manifest.json lists ${JSON.stringify(path)} twice`);
    paths.add(path);
  }
  return value as unknown as Manifest;
}

/** `proofs/range.json`. @throws BrokenPack `malformed` */
export function readRange(text: string): RangeProof {
  const { from, to, size, before, after } = parsed(text, 'proofs/range.json');
  if (
    !isSize(from) ||
    !isSize(to) ||
    !isSize(size) ||
    from >= to ||
    to > size ||
    !isHashes(before) ||
    !isHashes(after)
  ) {
    throw broken('proofs/range.json is none');
  }
  return { from, to, size, before, after };
}

/** `proofs/checkpoints.json`. @throws BrokenPack `malformed` */
export function readEarlierCheckpoints(text: string): EarlierCheckpoints {
  const { checkpoints } = parsed(text, 'proofs/checkpoints.json');
  if (!Array.isArray(checkpoints) || !checkpoints.every((note) => typeof note === 'string')) {
    throw broken('proofs/checkpoints.json has no checkpoints');
  }
  return { checkpoints };
}

/** `consistency.json`. @throws BrokenPack `malformed` */
export function readConsistency(text: string): ConsistencyProof {
  const { from, root, to, proof } = parsed(text, 'consistency.json');
  if (!isSize(from) || !isHashes([root]) || !isSize(to) || !isHashes(proof)) {
    throw broken('consistency.json is none');
  }
  return { from, root: root as string, to, proof };
}

/** A manifest with the members that this verifier knows alone, in their order. */
export function knownMembers(manifest: Manifest): Manifest {
  const { format, version, log, checkpoint, covers, since, counts, notProven, madeAt, files } = manifest;
  const { size, root } = checkpoint;
  const { entries, changes, types, context } = counts;
  return {
    format,
    version,
    log,
    checkpoint: { size, root },
    covers: knownCoverage(covers),
    since,
    counts: { entries, changes, types, context },
    notProven,
    madeAt,
    files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
  };
}

/** Hashes in hex as bytes, or null for anything else. */
export function hashesOf(value: unknown): Buffer[] | null {
  return isHashes(value) ? value.map((text) => Buffer.from(text, 'hex')) : null;
}

function parsed(text: string, path: string): Record<string, unknown> {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    throw broken(`${path} is not JSON`);
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function isCoverage(value: unknown): boolean {
  const { kind, from, to, changeId } = objectOf(value);
  if (kind === 'change') return typeof changeId === 'string' && changeId.length === 36;
  return kind === 'range' && isSize(from) && isSize(to) && from < to;
}

function isMoment(value: unknown): value is string {
  return (
    typeof value === 'string' && !Number.isNaN(Date.parse(value)) && isoTime(Date.parse(value)) === value
  );
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isHashes(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length <= 128 &&
    value.every((text) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text))
  );
}

function broken(message: string): BrokenPack {
  return new BrokenPack('malformed', message);
}

/** What a manifest covers, without what else somebody may have put there. */
export function knownCoverage(covers: Coverage): Coverage {
  return covers.kind === 'range'
    ? { kind: covers.kind, from: covers.from, to: covers.to }
    : { kind: covers.kind, changeId: covers.changeId };
}
