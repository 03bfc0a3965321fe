import { CountersignError } from '../../domain/error.ts';
import type { Queryable } from '../../store/queryable.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { leafHash } from '../merkle.ts';
import { readBundles, readIncomplete } from './read-bundles.ts';
import { tileWidth } from './tile-path.ts';
import { makeTileTree } from './tile-tree.ts';
import type { Tile } from './tile-tree.ts';

/** Entries that lead from one checkpoint to the next. */
export interface Step {
  /** How many entries are behind; what follows is forwarded. */
  readonly from: number;
  /** The signed checkpoint that they have to lead to. */
  readonly to: Checkpoint;
  /** What the place has, where that is within: they have to lead to it, too. */
  readonly seen: Checkpoint | null;
}

/** What was found right: the tree at the step's first bundle, and the hash of every entry from there on. */
export interface VerifiedStep {
  /** A multiple of 256. */
  readonly start: number;
  /** The tree's incomplete tiles at `start`. */
  readonly incomplete: readonly Tile[];
  readonly leaves: readonly Buffer[];
}

/**
 * Reads and hashes the entries of a step, and compares the tree over them with the signed roots: nothing is forwarded that
 * no checkpoint vouches for.
 *
 * @param name - the place's, for the message
 * @throws CountersignError `forwarded_log_differs` when they do not lead to what the place has; `integrity_conflict` when
 * they do not lead to the next checkpoint, or a part of the log is missing; `log_unavailable`
 */
export async function verifyStep(
  db: Queryable,
  { from, to, seen }: Step,
  name: string,
  signal?: AbortSignal,
): Promise<VerifiedStep> {
  const start = from - (from % tileWidth);
  const incomplete = await readIncomplete(db, start);
  const tree = makeTileTree({ size: start, incomplete });
  const leaves: Buffer[] = [];
  const compare = (): void => {
    if (seen?.size === tree.size && seen.size > 0 && !tree.root().equals(seen.root)) {
      throw new CountersignError(
        'forwarded_log_differs',
        `${name} has a checkpoint of ${seen.size} entries that this log does not lead to: one of them was altered, or there are two logs`,
      );
    }
  };
  compare();
  for await (const { entries } of readBundles(db, start, to.size)) {
    signal?.throwIfAborted();
    for (const bytes of entries) {
      const leaf = leafHash(bytes);
      leaves.push(leaf);
      tree.append(leaf);
      compare();
    }
  }
  if (!tree.root().equals(to.root)) {
    throw new CountersignError(
      'integrity_conflict',
      `the entries do not lead to the signed checkpoint of ${to.size}: somebody has altered the log`,
    );
  }
  return { start, incomplete, leaves };
}
