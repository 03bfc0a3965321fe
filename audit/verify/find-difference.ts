import { maxEntryBytes } from '../../domain/entry.ts';
import { columnsOf } from '../columns.ts';
import { makeCompactRange } from '../compact-range.ts';
import { leafHash } from '../merkle.ts';
import type { RangeProof } from '../pack/manifest.ts';
import type { Findings } from './finding.ts';
import type { FollowedCheckpoints } from './follow-checkpoints.ts';
import { linesOf } from './lines.ts';
import type { Line } from './lines.ts';
import type { PackSource } from './pack-source.ts';
import { readEntry } from './read-entry.ts';
import { coveringNodes } from '../compact-range.ts';

/** How far an entry that is not where it belongs is looked for. */
const window = 1000;
/** Longer than any line of `leaves.jsonl`. */
export const maxLeafLine = 262_144;

/**
 * Says where a range's entries part from the leaf hashes that were packed beside them, and what that means: read only
 * once something is known to be wrong.
 *
 * @param root - the checkpoint's
 * @param earlier - where the entries part from the log's earlier checkpoints; null where they lead to the root
 */
export async function findDifference(
  source: PackSource,
  range: RangeProof,
  root: Uint8Array,
  earlier: FollowedCheckpoints | null,
  findings: Findings,
): Promise<void> {
  const honest = earlier === null;
  const leaves = linesOf(source.files(), 'leaves.jsonl', maxLeafLine);
  const entries = linesOf(source.files(), 'entries.jsonl', maxEntryBytes);
  const stated = makeCompactRange();
  let first: { index: number; hash: string; wanted: string[]; place: number | null } | null = null;
  const laterEntries: string[] = [];
  const laterPlaces: number[] = [];
  let index = range.from;
  let columnsTold = false;
  try {
    coveringNodes(0, range.from).forEach((node, i) =>
      stated.add(node, Buffer.from(range.before[i] ?? '', 'hex')),
    );
    for (;;) {
      const [leaf, entry] = [await leaves.next(), await entries.next()];
      if (leaf.done === true) {
        if (first === null && entry.done !== true) {
          findings.add('unexpected', 'there are entries beyond those that were packed with a leaf hash', {
            index,
          });
          first = { index, hash: '', wanted: [], place: null };
        } else if (first === null && index < range.to) {
          findings.add('truncated', 'neither the entries nor their leaf hashes are there from here on', {
            index,
          });
          return;
        }
        break;
      }
      const wanted = readLeaf(leaf.value);
      if (wanted === null) {
        findings.add('malformed', 'leaves.jsonl: a line that is none of a leaf', { index });
        return;
      }
      stated.add({ level: 0, index }, Buffer.from(wanted.leafHash, 'hex'));
      const hash = entry.done === true ? '' : hashOf(entry.value);
      if (first) {
        if (first.wanted.length < window) first.wanted.push(wanted.leafHash);
        if (laterEntries.length < window) laterEntries.push(hash);
        if (laterPlaces.length < window) laterPlaces.push(wanted.index);
      } else if (wanted.index !== index) {
        first = { index, hash: '', wanted: [], place: wanted.index };
      } else if (entry.done === true) {
        const kind = honest ? 'altered' : 'truncated';
        findings.add(kind, 'the entries from here on are not there', { index });
        first = { index, hash, wanted: [wanted.leafHash], place: null };
      } else if (hash !== wanted.leafHash) {
        first = { index, hash, wanted: [wanted.leafHash], place: null };
      } else if (!columnsTold && entry.value !== null) {
        columnsTold = compareColumns(wanted, entry.value, index, findings);
      }
      index += 1;
    }
    if (first && first.place !== null) {
      const at = { index: first.index };
      if (honest)
        findings.add('altered', `its line of leaves.jsonl says that it is entry ${first.place}`, at);
      else if (first.place < first.index)
        findings.add('unexpected', `entry ${first.place} stands here again`, at);
      else if (laterPlaces.includes(first.index)) {
        findings.add('reordered', `entry ${first.place} stands here, and this one further on`, at);
      } else findings.add('missing', 'neither the entry nor a line of its leaf is here', at);
    }
    if (first && first.hash !== '') {
      const { hash, wanted } = first;
      const at = { index: first.index };
      if (wanted.includes(hash)) {
        const known = laterEntries.includes(wanted[0] ?? '');
        if (known) findings.add('reordered', 'another entry stands here, and this one further on', at);
        else findings.add('missing', 'this entry is not there; the next ones follow', at);
      } else if (laterEntries.includes(wanted[0] ?? '')) {
        findings.add('unexpected', 'an entry stands here that the log does not have', at);
      } else findings.add('altered', 'the bytes are not those that were hashed', at);
    }
    if (honest) return;
    coveringNodes(range.to, range.size).forEach((node, i) =>
      stated.add(node, Buffer.from(range.after[i] ?? '', 'hex')),
    );
    if (!stated.root().equals(root)) {
      const whole = range.from === 0 && range.to === range.size;
      const among = firstWrongAmong(range, earlier);
      // Where one among them is known by itself, it is the first.
      const known = first && among && first.index >= among.from && first.index <= among.last;
      const which = among === null ? '' : `; the first that differs is ${entriesText(among)}`;
      findings.add(
        'altered',
        `neither the entries nor the leaf hashes beside them${whole ? '' : ', with proofs/range.json,'} are those of the checkpoint${which}`,
        { code: 'other_tree', index: known === true ? null : (among?.from ?? null) },
      );
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    findings.add('malformed', `the range does not fit its proof: ${error.message}`);
  } finally {
    await Promise.all([leaves.return(undefined), entries.return(undefined)]);
  }
}

/** Among which entries the first one is that differs from what was signed; null where no checkpoints enclose it. */
function firstWrongAmong(
  range: RangeProof,
  { agreed, parted }: FollowedCheckpoints,
): { readonly from: number; readonly last: number } | null {
  const from = agreed ?? (range.from === 0 ? 0 : null);
  const to = parted ?? (range.to === range.size ? range.size : null);
  return from === null || to === null ? null : { from, last: to - 1 };
}

function entriesText({ from, last }: { readonly from: number; readonly last: number }): string {
  return from === last ? `entry ${from}` : `one of the entries ${from} to ${last}`;
}

interface Leaf {
  readonly leafHash: string;
  readonly [column: string]: unknown;
}

/** A line of `leaves.jsonl`, or null for anything else. */
export function readLeaf(line: Line): (Leaf & { readonly index: number; readonly proof?: unknown }) | null {
  try {
    const value: unknown = JSON.parse(line?.toString('utf8') ?? '');
    const { index, leafHash: hash } = value as { index?: unknown; leafHash?: unknown };
    if (!Number.isSafeInteger(index) || typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return null;
    return value as Leaf & { readonly index: number };
  } catch {
    return null;
  }
}

/** Tells of a query column that Postgres had otherwise than the entry's bytes say. */
export function compareColumns(leaf: Leaf, entry: Buffer, index: number, findings: Findings): boolean {
  const read = readEntry(entry);
  if (typeof read === 'string') return false;
  for (const [name, value] of Object.entries(columnsOf(read.body))) {
    if (leaf[name] === value) continue;
    findings.add('altered', `the database's column ${name} is not what the entry says`, {
      index,
      code: 'column',
    });
    return true;
  }
  return false;
}

function hashOf(line: Line): string {
  return line === null ? '(too long)' : leafHash(line).toString('hex');
}
