import { CountersignError } from '../domain/error.ts';
import type { Queryable } from '../store/queryable.ts';
import type { WitnessWord } from './ask-witness.ts';
import type { Checkpoint } from './checkpoint.ts';
import { rootOf } from './merkle.ts';
import type { OtherEvidence, TreeState, WitnessObjection } from './refusal-to-sign.ts';
import { makeTreeReader } from './tree-reader.ts';

/** The witness, as the signer sees it. */
export interface WitnessView {
  /** What it says to a signed checkpoint that it may have cosigned; waits a few seconds at most. */
  ask(checkpoint: Checkpoint, note: string): Promise<WitnessWord>;
  /** What it has said against a log since this was last asked, or null. */
  objection(): WitnessObjection | null;
}

/** What a signer looks at before it signs for the first time since it began to lead. */
export interface Beginning {
  readonly db: Queryable;
  /** Read before the memory was: then it is never ahead of a memory that is in order. */
  readonly anchored: TreeState | null;
  /** What is remembered; the empty tree for a new memory. */
  readonly remembered: Checkpoint;
  /** The remembered tree as a signed note. */
  readonly note: string;
  readonly witness: WitnessView | null;
  readonly warn: (message: string) => void;
}

/**
 * Asks anchor and witness what they know of this log. A witness that does not answer holds up a new memory, which knows
 * nothing itself; whoever remembers a tree goes on, and hears it later.
 *
 * @throws CountersignError `log_unavailable` when a new memory cannot ask its witness
 */
export async function lookAtOthers(beginning: Beginning): Promise<OtherEvidence> {
  const { db, anchored, remembered, note, witness, warn } = beginning;
  const tilesAtAnchored =
    anchored === null || anchored.size > remembered.size ? null : await rootAt(db, anchored.size);
  // The witness is asked again what it said before.
  witness?.objection();
  const word: WitnessWord = witness === null ? { kind: 'agrees' } : await witness.ask(remembered, note);
  if (word.kind === 'silent') {
    if (remembered.size === 0) {
      throw new CountersignError(
        'log_unavailable',
        `nothing is remembered, so nothing is signed before the witness says that it knows no tree of ${remembered.origin}: ${word.reason}`,
      );
    }
    warn(`the witness was not heard before the first signature: ${word.reason}`);
  }
  const objects = word.kind === 'ahead' || word.kind === 'differs';
  const objection = objects ? { kind: word.kind, origin: remembered.origin, size: word.size } : null;
  return { anchored, tilesAtAnchored, objection };
}

async function rootAt(db: Queryable, size: number): Promise<Buffer | null> {
  try {
    return await rootOf(size, makeTreeReader(db));
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'integrity_conflict') return null;
    throw error;
  }
}
