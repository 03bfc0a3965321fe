import { CountersignError } from '../domain/error.ts';
import { openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { emptyRoot, verifyConsistency } from './merkle.ts';
import { splitNote } from './note.ts';
import type { NoteVerifier } from './note-key.ts';
import type { TreeState } from './refusal-to-sign.ts';
import { parseWitnessRequest } from './witness-request.ts';

/** What a witness says to a request before it cosigns. */
export type WitnessJudgement =
  /** Cosign: the tree continues the one that was cosigned last. */
  | { readonly status: 200; readonly checkpoint: Checkpoint; readonly text: string }
  /** The log believes in another last size, or has another tree of this one. `size`: the last that was cosigned. */
  | { readonly status: 409; readonly size: number; readonly isFork: boolean }
  /** Malformed, badly signed, of an unknown log, or no continuation. */
  | { readonly status: 400 | 403 | 404 | 422; readonly isFork: boolean };

/**
 * Judges a request by the rules of C2SP tlog-witness, "add-checkpoint". Pure: whoever cosigns must have kept the new state
 * before it answers, and judge the next request by it.
 *
 * @param cosigned - the tree that was cosigned last for an origin; null for none
 * @param logs - public keys of the logs that are watched; the name of a key is its origin
 */
export function judgeCheckpoint(
  body: string,
  cosigned: (origin: string) => TreeState | null,
  logs: readonly NoteVerifier[],
): WitnessJudgement {
  const request = parseWitnessRequest(body);
  const origin = request === null ? null : originOf(request.checkpoint);
  if (request === null || origin === null) return { status: 400, isFork: false };
  const keys = logs.filter(({ name }) => name === origin);
  if (keys.length === 0) return { status: 404, isFork: false };
  const checkpoint = opened(request.checkpoint, keys);
  if (checkpoint === null) return { status: 403, isFork: false };
  const { size, root } = checkpoint;
  if (request.oldSize > size) return { status: 400, isFork: false };
  const last = cosigned(origin);
  const lastSize = last?.size ?? 0;
  if (request.oldSize !== lastSize) return { status: 409, size: lastSize, isFork: false };
  if (size === lastSize) {
    // Of a log that was never cosigned, the empty tree is the only one of this size.
    if (!root.equals(last?.root ?? emptyRoot)) return { status: 409, size: lastSize, isFork: true };
  }
  const grown = verifyConsistency({
    from: lastSize,
    to: size,
    fromRoot: last?.root ?? emptyRoot,
    toRoot: root,
    proof: request.proof,
  });
  if (!grown) return { status: 422, isFork: last !== null };
  return { status: 200, checkpoint, text: splitNote(request.checkpoint).text };
}

function originOf(note: string): string | null {
  try {
    return parseCheckpoint(splitNote(note).text).origin;
  } catch (error) {
    if (error instanceof CountersignError) return null;
    throw error;
  }
}

/** The checkpoint, where one of the log's keys has signed it. */
function opened(note: string, keys: readonly NoteVerifier[]): Checkpoint | null {
  for (const log of keys) {
    try {
      return openCheckpoint(note, { log });
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error;
    }
  }
  return null;
}
