/** A tree: how many leaves, and the root that they give, SHA-256. */
export interface TreeState {
  readonly size: number;
  readonly root: Buffer;
}

/** What the signer has before it signs. */
export interface SigningEvidence {
  /** What it last signed, from its own disk; null when it remembers nothing. */
  readonly remembered: TreeState | null;
  /** The newest checkpoint in Postgres under the signer's own origin, or null. */
  readonly published: TreeState | null;
  /** Whether Postgres has any checkpoint, or an entry `log.started`. */
  readonly begun: boolean;
  /** How many entries have an index. */
  readonly size: number;
  /** The root that the tiles give at the remembered size; null where there are not so many leaves. */
  readonly tilesThen: Buffer | null;
  /** The root that the tiles give now, at `size`; null where a part of them is missing. */
  readonly tilesNow: Buffer | null;
  /** The root of the remembered tree extended with the entries' bytes, hashed by the signer itself; null where they are not all there. */
  readonly own: Buffer | null;
}

/** Why a checkpoint must not be signed. */
export type SigningRefusal =
  | 'memory_missing'
  | 'memory_behind'
  | 'log_truncated'
  | 'log_forked'
  | 'log_rewritten'
  | 'tree_mismatch'
  | 'anchor_ahead'
  | 'anchor_differs'
  | 'witness_ahead'
  | 'witness_differs';

/**
 * Whether the log is provably the continuation of what was last signed: null when it is, otherwise the reason to refuse. One
 * origin is one tree: nothing is signed that does not contain all that was signed before.
 */
export function refusalToSign(evidence: SigningEvidence): SigningRefusal | null {
  const { remembered, published, begun, size, tilesThen, tilesNow, own } = evidence;
  if (remembered === null) return begun ? 'memory_missing' : null;
  if (published !== null && published.size > remembered.size) return 'memory_behind';
  if (published !== null && published.size === remembered.size && !published.root.equals(remembered.root)) {
    return 'log_forked';
  }
  if (size < remembered.size || tilesThen === null) return 'log_truncated';
  if (!tilesThen.equals(remembered.root)) return 'log_rewritten';
  if (own === null || tilesNow === null || !own.equals(tilesNow)) return 'tree_mismatch';
  return null;
}

/** What is known of this origin outside Postgres and the signer's memory. */
export interface OtherEvidence {
  /** The largest tree in `checkpoints.log`, or null. */
  readonly anchored: TreeState | null;
  /** The root that the stored tree gives at that size; null where there are not so many leaves. */
  readonly tilesAtAnchored: Buffer | null;
  /** What the witness says against the tree that is remembered, or null. */
  readonly objection: WitnessObjection | null;
}

/** A witness has cosigned a larger tree of this origin, or another one of the size. */
export interface WitnessObjection {
  readonly kind: 'ahead' | 'differs';
  readonly origin: string;
  /** Of the tree that the witness has cosigned. */
  readonly size: number;
}

/**
 * Whether somebody outside knows of a tree that the remembered one does not contain: null when nobody does. Whoever keeps
 * checkpoints got them after the memory had them, so one that is larger means that the memory is new or an old copy.
 */
export function refusalByOthers(remembered: TreeState, others: OtherEvidence): SigningRefusal | null {
  const { anchored, tilesAtAnchored, objection } = others;
  if (anchored !== null && anchored.size > remembered.size) return 'anchor_ahead';
  if (anchored !== null && tilesAtAnchored?.equals(anchored.root) !== true) return 'anchor_differs';
  if (objection !== null) return objection.kind === 'ahead' ? 'witness_ahead' : 'witness_differs';
  return null;
}

/** What each reason means, for whoever is woken by it. */
export const refusalMeaning: Record<SigningRefusal, string> = {
  memory_missing:
    'the log has begun, but this signer remembers nothing of it: its memory is lost, or this is another home',
  memory_behind:
    'the log has a checkpoint beyond what this signer remembers: its memory is an old copy, or another signer has the same key',
  log_truncated:
    'the log is shorter than what was signed: entries were cut off, or the database was restored from an older backup',
  log_forked: 'the published checkpoint is not the one that this signer signed at this size',
  log_rewritten:
    'the tree has another root at the size that was signed: the log was restored and appended to, or rewritten',
  tree_mismatch:
    'the entries, hashed again, do not give the root of the stored tree: one of them was altered',
  anchor_ahead:
    'checkpoints.log has a checkpoint of this log beyond what this signer remembers: its memory is lost or an old copy',
  anchor_differs:
    'checkpoints.log has a checkpoint of this log with another root than the tree has at its size',
  witness_ahead:
    'the witness has cosigned more of this log than there is: memory and log are lost, or restored from a backup',
  witness_differs: 'the witness has cosigned another tree of this log',
};
