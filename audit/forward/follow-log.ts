import { keepCosignatures } from './keep-cosignatures.ts';
import { CountersignError } from '../../domain/error.ts';
import type { OpenedCheckpoint } from '../checkpoint.ts';
import { consistencyProof, emptyRoot, leafHash, subtreeRoot, verifyConsistency } from '../merkle.ts';
import { openCheckpointOf } from '../pack/published-checkpoint.ts';
import { collectFindings } from '../verify/finding.ts';
import type { Finding, FindingKind, Findings } from '../verify/finding.ts';
import { judgeFreshness } from '../verify/judge-freshness.ts';
import type { Freshness, FreshnessDemand } from '../verify/judge-freshness.ts';
import { isOfKeys, openTrusted } from '../verify/open-checkpoints.ts';
import type { TrustedKeys } from '../verify/trusted-keys.ts';
import { parseBundle } from './entry-bundle.ts';
import type { Source } from './place.ts';
import { sourceTiles } from './source-tiles.ts';
import { bundlePath, checkpointPath, tileWidth } from './tile-path.ts';
import { tileHeight } from './tile-tree.ts';
import { nameOf, verifyContinuation } from './verify-continuation.ts';
import type { Continuation } from './verify-continuation.ts';

/** Options of {@link followLog}. */
export interface FollowOptions {
  readonly source: Source;
  readonly keys: TrustedKeys;
  /** The checkpoint that the follower has; null at the first time. */
  readonly last: string | null;
  readonly freshness: FreshnessDemand;
  /** Gets each new entry, in order, once it is verified; the next one when it has taken it. */
  readonly onEntry?: (index: number, bytes: Buffer) => unknown;
}

/** What came of following a log. */
export interface Followed {
  readonly result: 'valid' | 'tampered' | 'incomplete';
  readonly findings: readonly Finding[];
  /** What the source says; null where no trusted key signed it. */
  readonly checkpoint: {
    readonly origin: string;
    readonly size: number;
    readonly root: string;
    readonly note: string;
  } | null;
  /** How many entries the follower's own checkpoint covers. */
  readonly from: number;
  /** How many new ones were verified. */
  readonly entries: number;
  readonly freshness: Freshness | null;
}

/**
 * Reads a log where it was forwarded to: verifies that its checkpoint continues the follower's own, and that each entry
 * in between is at its place. What contradicts a signed checkpoint makes it `tampered`; what is not there, or older than
 * was asked for, `incomplete`. Never throws for what the source says.
 *
 * @throws CountersignError `malformed_evidence` when the follower's own checkpoint is none
 */
export async function followLog(options: FollowOptions): Promise<Followed> {
  const { source, keys, last, freshness: demand } = options;
  const findings = collectFindings();
  const earlier = last === null ? null : openCheckpointOf({ note: last });
  const from = earlier?.size ?? 0;
  const note = await told(findings, () => readNote(source));
  const opened = note === null ? null : openNews(note, keys, findings);
  const freshness = opened && judgeFreshness(opened, demand, findings);
  let entries = 0;
  if (opened) {
    const seen = earlier ?? { origin: opened.origin, size: 0, root: emptyRoot };
    const next = await told(findings, () => continuationOf(source, seen, opened, findings));
    if (next) {
      await told(findings, async () => {
        for await (const { index, bytes } of newEntries(source, next, from, opened.size, findings)) {
          await options.onEntry?.(index, bytes);
          entries += 1;
        }
      });
    }
  }
  return {
    result: findings.result,
    findings: findings.kept,
    checkpoint: opened && { ...shown(opened), note: keepCosignatures(note ?? '', last) },
    from,
    entries,
    freshness,
  };
}

/**
 * The checkpoint that the source has, whoever signed it.
 * @throws CountersignError `not_found` where it has none, or something else, such as a log-in page; `place_unavailable`
 */
async function readNote(source: Source): Promise<string> {
  const bytes = await source.read(checkpointPath);
  if (bytes === null) throw new CountersignError('not_found', `${source.name} has no checkpoint`);
  const note = bytes.toString();
  try {
    openCheckpointOf({ note });
  } catch (cause) {
    const message = `${source.name}: what stands at ${checkpointPath} is no checkpoint: ${(cause as Error).message}`;
    throw new CountersignError('not_found', message, { cause });
  }
  return note;
}

/** The source's checkpoint, or null with a finding. Under a key that nobody has named it says nothing: neither good nor bad. */
function openNews(note: string, keys: TrustedKeys, findings: Findings): OpenedCheckpoint | null {
  const { origin, size } = openCheckpointOf({ note });
  if (keys.logs.some(({ name }) => name === origin) && !isOfKeys(note, keys)) {
    const message = `no trusted key has signed the checkpoint of ${size} entries; after a rotation of the log's key the file of trusted keys needs the new one, too`;
    findings.add('unchecked', message, { code: 'checkpoint' });
    return null;
  }
  return openTrusted(note, keys, findings, 'the checkpoint');
}

/** What leads from the follower's checkpoint to the source's, or null with a finding, or where nothing is new. */
async function continuationOf(
  source: Source,
  earlier: Pick<OpenedCheckpoint, 'origin' | 'size' | 'root'>,
  later: OpenedCheckpoint,
  findings: Findings,
): Promise<Continuation | null> {
  const forked = (why: string): null => {
    findings.add('forked', `two logs: ${why}`, { code: 'checkpoint' });
    return null;
  };
  if (earlier.origin !== later.origin) return forked(`yours is ${earlier.origin}, this one ${later.origin}`);
  if (earlier.size === later.size) {
    return earlier.root.equals(later.root) ? null : forked(`another checkpoint of ${later.size} entries`);
  }
  if (earlier.size > later.size) {
    findings.add('stale', `the checkpoint is of ${later.size} entries, and yours of ${earlier.size}`);
    const proof = await consistencyProof(later.size, earlier.size, sourceTiles(source, earlier.size));
    const claim = { from: later.size, to: earlier.size, fromRoot: later.root, toRoot: earlier.root, proof };
    return verifyConsistency(claim)
      ? null
      : forked(`yours does not continue the one of ${later.size} entries`);
  }
  const found = await verifyContinuation(earlier, later, sourceTiles(source, later.size));
  if (found.leads && found.continues) return found;
  if (found.leads)
    return forked(`the checkpoint of ${later.size} entries does not continue yours of ${earlier.size}`);
  findings.add('altered', `the tiles do not lead to the signed root of ${later.size} entries`, {
    code: 'tile',
  });
  return null;
}

/** The entries behind `from`, each compared with the verified tree. Ends at the first that is another. */
async function* newEntries(
  source: Source,
  { hashes }: Continuation,
  from: number,
  to: number,
  findings: Findings,
): AsyncGenerator<{ index: number; bytes: Buffer }, void, undefined> {
  for (let bundle = Math.floor(from / tileWidth); bundle * tileWidth < to; bundle++) {
    const start = bundle * tileWidth;
    const all = await readBundle(source, bundle, Math.min(tileWidth, to - start));
    const leaves = all.map(leafHash);
    const whole = hashes.get(nameOf({ level: tileHeight, index: bundle }));
    const bad = whole
      ? subtreeRoot(Buffer.concat(leaves)).equals(whole)
        ? -1
        : 0
      : leaves.findIndex(
          (leaf, n) =>
            start + n >= from && hashes.get(nameOf({ level: 0, index: start + n }))?.equals(leaf) !== true,
        );
    if (bad >= 0) {
      findings.add(
        'altered',
        `${bundlePath(bundle, all.length)}: the entries are not those of the signed tree`,
        {
          index: start + bad,
          code: 'entry',
        },
      );
      return;
    }
    for (const [n, bytes] of all.entries()) if (start + n >= from) yield { index: start + n, bytes };
  }
}

/** A bundle's entries; where an incomplete one is no longer there, the first of the complete one. */
async function readBundle(source: Source, index: number, width: number): Promise<Buffer[]> {
  const bytes = await source.read(bundlePath(index, width));
  if (bytes !== null) return parseBundle(bytes, width);
  const whole = width === tileWidth ? null : await source.read(bundlePath(index, tileWidth));
  if (whole === null)
    throw new CountersignError('not_found', `${source.name} has no ${bundlePath(index, width)}`);
  return parseBundle(whole, tileWidth).slice(0, width);
}

const kindOfCode: Readonly<Partial<Record<string, FindingKind>>> = {
  not_found: 'unreadable',
  place_unavailable: 'unreadable',
  malformed_evidence: 'malformed',
};

/** What was read, or null with a finding why not. */
async function told<T>(findings: Findings, act: () => Promise<T>): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    const kind = error instanceof CountersignError ? kindOfCode[error.code] : undefined;
    if (kind === undefined) throw error;
    findings.add(kind, (error as Error).message);
    return null;
  }
}

function shown({ origin, size, root }: OpenedCheckpoint) {
  return { origin, size, root: root.toString('hex') };
}
