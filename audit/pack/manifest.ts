/** What a pack covers: every entry of a part of the log, or the entries of one change, beside which its context stands. */
export type Coverage =
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
  | { readonly kind: 'change'; readonly changeId: string };

/** A file of a pack. */
export interface PackedFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, lower-case hex. */
  readonly sha256: string;
}

/** `manifest.json`: what is in a pack. Nobody signs it; the verifier takes nothing from it on trust. */
export interface Manifest {
  readonly format: 'countersign-evidence-pack';
  /** Of the layout and of the renderings. */
  readonly version: 1;
  /** ISO 8601. */
  readonly madeAt: string;
  /** The log's name. */
  readonly log: string;
  /** The checkpoint that everything is proved against; `root` in lower-case hex. */
  readonly checkpoint: { readonly size: number; readonly root: string };
  readonly covers: Coverage;
  /** The size of the auditor's last checkpoint, which `consistency.json` leads on from; null when none was named. */
  readonly since: number | null;
  readonly counts: {
    readonly entries: number;
    readonly changes: number;
    readonly types: Readonly<Record<string, number>>;
    /** Of these, by type, the context: entries of no change and of others, there since the pack's change is judged by them. */
    readonly context: Readonly<Record<string, number>>;
  };
  readonly files: readonly PackedFile[];
  /** In words, what the pack does not prove. */
  readonly notProven: readonly string[];
}

/** The files of a pack, in their order. Those of one path only; `consistency.json` and those in `proofs/` where they apply. */
export const packFiles = [
  'manifest.json',
  'README.txt',
  'verify.mjs',
  'checkpoint',
  'consistency.json',
  'proofs/range.json',
  'proofs/checkpoints.json',
  'leaves.jsonl',
  'entries.jsonl',
  'ocsf.jsonl',
  'entries.csv',
  'report.html',
] as const;
/** One of {@link packFiles}. */
export type PackPath = (typeof packFiles)[number];

/** `proofs/range.json`: what joins a range of entries to the checkpoint's root. Hashes in lower-case hex. */
export interface RangeProof {
  readonly from: number;
  readonly to: number;
  readonly size: number;
  /** The roots of the complete subtrees before the range, from the left. */
  readonly before: readonly string[];
  /** Those after it, up to the checkpoint's size. */
  readonly after: readonly string[];
}

/** `proofs/checkpoints.json`: earlier checkpoints within a range, which tell where entries part from what was signed. */
export interface EarlierCheckpoints {
  /** Signed notes, the smallest size first. */
  readonly checkpoints: readonly string[];
}

/** `consistency.json`: that the checkpoint's tree continues an older one (RFC 6962 §2.1.2). Hashes in lower-case hex. */
export interface ConsistencyProof {
  readonly from: number;
  /** The older tree's root, so that whoever does not have it can tell a proof from a made-up one. */
  readonly root: string;
  readonly to: number;
  readonly proof: readonly string[];
}

/** The files that a pack of its coverage has beside `manifest.json`, in their order: none more and none less. */
export function filesOf(covers: Coverage, since: number | null): PackPath[] {
  const ofRange: readonly PackPath[] = ['proofs/range.json', 'proofs/checkpoints.json'];
  return packFiles.filter(
    (path) =>
      path !== 'manifest.json' &&
      (path !== 'consistency.json' || since !== null) &&
      (covers.kind === 'range' || !ofRange.includes(path)),
  );
}

/** A JSON file of a pack, as an export writes it. */
export function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * What a pack of its coverage does not prove, in words.
 *
 * @param since - the size of the older checkpoint that `consistency.json` leads on from, or null
 * @param checked - whether that one is the auditor's own, and was compared
 */
export function limitsOf(covers: Coverage, size: number, since: number | null, checked = false): string[] {
  return [
    ...(covers.kind === 'change'
      ? [
          `Completeness: each entry here is proved to be in the log; that change ${covers.changeId} has no other entry is not, nor that its context is whole: that there is no other freeze, revocation or API token of its time, no other review that its requester owed, and no other change that was open on its target or under its ticket. A pack of the whole range of the log proves that.`,
        ]
      : []),
    ...(covers.kind === 'range' && covers.from > 0
      ? [
          `Entries before ${covers.from}: what happened earlier to a change that appears here, what a policy asks for that has its entry there, and which freezes, revocations, API tokens, owed reviews and open changes stood then, is not looked at.`,
        ]
      : []),
    ...(covers.kind === 'range' && covers.to < size
      ? [`Entries from ${covers.to} to ${size}: they are under the checkpoint and not in this pack.`]
      : []),
    `Entries from ${size} on: what was recorded after the checkpoint was signed.`,
    ...(checked
      ? []
      : since === null
        ? ['Consistency with a checkpoint that you had before: none was named when the pack was made.']
        : [
            `Consistency with a checkpoint that you had before: the pack leads on from one of size ${since}. Whether that is yours shows when you verify with it (--since).`,
          ]),
    'That the log was shown to everybody alike: compare the checkpoint with that of somebody else, or trust a witness whose cosignature it bears.',
    'That what was recorded is all that happened: the log holds what Countersign did and refused. The cloud’s own audit trail has the calls that were made past it; countersign audit reconcile compares the two.',
    'That approvers still had their roles and their groups in token and directory at the call: the log has what was known when they decided, and the worker’s word that it looked again.',
    'That a change window was open by the time zones of the worker: the verifier computes windows with its own.',
    'Who somebody is: persons are as the identity provider named them, and the API vouched for that with its signature.',
  ];
}
