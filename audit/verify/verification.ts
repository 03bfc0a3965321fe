import type { OpenedCheckpoint } from '../checkpoint.ts';
import { coveringNodes, makeCompactRange } from '../compact-range.ts';
import type { ConsistencyProof, Manifest, RangeProof } from '../pack/manifest.ts';
import type { ReportDraft } from '../pack/report.ts';
import type { SealedEntry } from '../pack/sealed-entry.ts';
import type { Exception } from '../exceptions/exception.ts';
import { BrokenPack } from './finding.ts';
import type { Findings } from './finding.ts';
import { followCheckpoints } from './follow-checkpoints.ts';
import type { FollowedCheckpoints } from './follow-checkpoints.ts';
import type { KeyFollower, SeenAt } from './follow-keys.ts';
import type { Freshness, FreshnessDemand } from './judge-freshness.ts';
import type { judgeEntries, StatementCheck } from './judge-entries.ts';
import { judgeTimes, witnessTimes } from './judge-times.ts';
import type { TimeJudge } from './judge-times.ts';
import { runningHash } from './running-hash.ts';
import type { RunningHash } from './running-hash.ts';
import type { EntryRenderer, RenderWith } from './render-entries.ts';
import { openOwn } from './open-checkpoints.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/** What to verify a pack with. */
export interface VerifyOptions {
  readonly keys: TrustedKeys;
  /** The note of the last checkpoint that the auditor has, or null. */
  readonly since: string | null;
  /** Checks the API's signature; null where no key of the API is trusted. */
  readonly verifyStatement: StatementCheck | null;
  readonly freshness: FreshnessDemand;
  /** Digests of the policies that were in force; null where the auditor gave none. */
  readonly policies: ReadonlySet<string> | null;
  /** Leaves OCSF and CSV uncompared, for measuring; the pack is incomplete then. */
  readonly withoutRenderings?: true;
  /** Makes the renderings of entries; in this thread, if it is left out. */
  readonly renderWith?: RenderWith;
  /** Is given each entry as it is read. What it makes of them counts only if the verdict says so. */
  readonly onEntry?: (entry: SealedEntry) => void;
}

/** What is known of a pack while it is read. */
export interface Verification {
  readonly options: VerifyOptions;
  /** The keys that checkpoints are opened with; see {@link ./reach-note-keys.ts}. */
  readonly reached: TrustedKeys;
  readonly findings: Findings;
  manifest: Manifest | null;
  checkpoint: OpenedCheckpoint | null;
  readonly since: OpenedCheckpoint | null;
  consistency: ConsistencyProof | null;
  range: RangeProof | null;
  tree: ReturnType<typeof makeCompactRange>;
  /** The root of the first `since.size` entries, where the pack's own entries lead to it. */
  rootAtSince: Buffer | null;
  /** The log's earlier checkpoints that the pack carries. */
  earlier: FollowedCheckpoints;
  judge: ReturnType<typeof judgeEntries> | null;
  times: TimeJudge;
  /** Entries of an earlier time than a cosignature before them. */
  readonly early: { count: number; readonly indexes: number[] };
  /** By when a trusted witness had seen an entry. */
  seenAt: SeenAt;
  /** The note in `checkpoint`; null before it was read. */
  checkpointNote: string | null;
  /** The trusted keys as the entries so far leave them; null before the first entry. */
  keys: KeyFollower | null;
  /** Null before the manifest is known. */
  report: ReportDraft | null;
  /** What `leaves.jsonl` has to be. */
  readonly leaves: RunningHash;
  /** Null before the first entry, and where OCSF and CSV are left uncompared. */
  renderer: EntryRenderer | null;
  readonly actual: Map<string, string>;
  entries: number;
  readonly types: Record<string, number>;
  /** In the pack of a change, whether an entry so far asks for it, and by type how many are not its own. */
  isAsked: boolean;
  readonly context: Record<string, number>;
  /** Entries that could not be read, so that nothing can be rendered from them. */
  unread: number;
  /** Changes as they stand after the last entry. */
  changes: Awaited<ReturnType<ReturnType<typeof judgeEntries>['end']>> | null;
  sinceChecked: number | null;
  freshness: Freshness | null;
  /** Stretches of the log that witnesses saw late. */
  witnessGaps: readonly Exception[];
  /** What was there and says nothing under the keys that are trusted, in words. */
  readonly passedOver: string[];
}

/** Most lines of entries that may be none before the rest is left unread. */
const mostBadLines = 1000;

/** Counts a line that is no entry. @throws BrokenPack `malformed` when there were so many that the rest is not worth reading */
export function countBadLine(state: Verification): void {
  state.unread += 1;
  if (state.unread > mostBadLines) {
    throw new BrokenPack(
      'malformed',
      `more than ${mostBadLines} lines are no entries: the rest was not read`,
    );
  }
}

/**
 * Before the first file.
 * @param reached - the trusted keys, with those of the log and of witnesses that may follow them
 */
export function newVerification(
  options: VerifyOptions,
  reached: TrustedKeys,
  findings: Findings,
): Verification {
  return {
    options,
    reached,
    findings,
    manifest: null,
    checkpoint: null,
    since: options.since === null ? null : openOwn(options.since, reached, findings),
    consistency: null,
    range: null,
    tree: makeCompactRange(),
    rootAtSince: null,
    earlier: followCheckpoints([]),
    judge: null,
    times: judgeTimes([]),
    early: { count: 0, indexes: [] },
    seenAt: witnessTimes([]),
    checkpointNote: null,
    keys: null,
    report: null,
    leaves: runningHash(),
    renderer: null,
    actual: new Map(),
    entries: 0,
    types: {},
    isAsked: false,
    context: {},
    unread: 0,
    changes: null,
    sinceChecked: null,
    freshness: null,
    witnessGaps: [],
    passedOver: [],
  };
}

/** The manifest, which everything else needs. @throws BrokenPack */
export function manifestOf({ manifest }: Verification): Manifest {
  if (!manifest) throw new BrokenPack('malformed', 'manifest.json is not the first file');
  return manifest;
}

/** Adds the hashes that stand for what a range leaves out. @throws BrokenPack `malformed` */
export function addNodes(state: Verification, start: number, end: number, hashes: readonly string[]): void {
  const nodes = coveringNodes(start, end);
  if (nodes.length !== hashes.length)
    throw new BrokenPack('malformed', 'proofs/range.json has not the hashes that it needs');
  nodes.forEach((node, i) => {
    atSize(state);
    state.tree.add(node, Buffer.from(hashes[i] ?? '', 'hex'));
  });
}

/** To be called at every size of the tree: the root may be that of the auditor's checkpoint, or of an earlier one of the log. */
export function atSize(state: Verification): void {
  state.earlier.see(state.tree);
  if (state.since && state.rootAtSince === null && state.tree.size === state.since.size) {
    state.rootAtSince = state.tree.root();
  }
}
