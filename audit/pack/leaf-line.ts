import type { SealedEntry } from './sealed-entry.ts';

/**
 * One line of `leaves.jsonl`: an entry's place, leaf hash and query columns; in a filtered pack also its inclusion proof.
 *
 * @param proof - hashes of the proof (RFC 6962 §2.1.1), lower-case hex
 */
export function leafLine(entry: Omit<SealedEntry, 'body'>, proof?: readonly string[]): string {
  const { index, leafHash, columns } = entry;
  const { type, changeId, actor, outcome, requestId, time } = columns;
  return `${JSON.stringify({ index, leafHash, type, changeId, actor, outcome, requestId, time, proof })}\n`;
}
