import { canonicalJson } from '../../../domain/canonical-json.ts';
import { mayBeContext } from '../../../domain/context-entry.ts';
import type { EntryBody } from '../../../domain/entry.ts';
import type { Entry } from '../answers.ts';
import { fromHex, hex, same, sha256 } from './bytes.ts';
import type { Bytes } from './bytes.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { SignedCheckpoint } from './checkpoint.ts';
import { leafHash, verifyConsistency, verifyInclusion } from './merkle.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/** A log's tree of so many entries that has been verified. */
export interface VerifiedTree {
  readonly size: number;
  readonly root: Bytes;
}

/** What is asked of a pack of one change. */
export type CheckName = 'entries' | 'inclusion' | 'checkpoint' | 'cosignatures' | 'consistency';

/** What came of it. `unchecked`: what it takes is not there, such as the auditor's keys. */
export type CheckResult = 'good' | 'bad' | 'unchecked';

/** A pack as this browser has checked it. */
export interface CheckedPack {
  readonly results: Readonly<Record<CheckName, CheckResult>>;
  /** The entries, as they stand in the pack, with their indexes; none where they cannot be read. */
  readonly entries: readonly Entry[];
  readonly checkpoint: SignedCheckpoint | null;
  /** SHA-256 of the verifier that the pack carries: to be compared with the published one. */
  readonly verifier: string | null;
}

/**
 * Checks what this browser can: that each entry is in the log under the checkpoint, who has signed that, and that the log
 * continues what this browser has verified before. Nothing of the pack is taken on trust, and nothing else is checked.
 *
 * @param keys - null: the auditor has given none
 * @param before - null: the first time
 */
export async function checkPack(
  files: ReadonlyMap<string, Bytes>,
  changeId: string,
  keys: TrustedKeys | null,
  before: VerifiedTree | null,
): Promise<CheckedPack> {
  const text = (path: string): string => new TextDecoder().decode(files.get(path));
  const trusted = keys ?? { logs: [], witnesses: [], statementKeys: 0 };
  const checkpoint = await readCheckpoint(text('checkpoint'), trusted);
  const lines = linesOf(files.get('entries.jsonl'));
  const leaves = linesOf(files.get('leaves.jsonl')).map(leafIn);
  const entries = lines.map((line, i) => entryIn(line, leaves[i]?.index, changeId));
  const areEntries =
    lines.length > 0 && lines.length === leaves.length && entries.every((entry) => entry !== null);
  const verifier = files.get('verify.mjs');
  return {
    results: {
      entries: areEntries && isAscending(leaves) ? 'good' : 'bad',
      inclusion: checkpoint !== null && (await areIncluded(lines, leaves, checkpoint)) ? 'good' : 'bad',
      checkpoint: checkpointResult(checkpoint, keys),
      cosignatures: cosignatureResult(checkpoint, trusted),
      consistency:
        checkpoint === null ? 'bad' : await consistencyResult(text('consistency.json'), checkpoint, before),
    },
    entries: entries.filter((entry) => entry !== null),
    checkpoint,
    verifier: verifier ? hex(await sha256(verifier)) : null,
  };
}

interface Leaf {
  readonly index: number;
  readonly leafHash: Bytes;
  readonly proof: readonly Bytes[];
}

async function areIncluded(
  lines: readonly Bytes[],
  leaves: readonly (Leaf | null)[],
  { size, root }: SignedCheckpoint,
): Promise<boolean> {
  if (lines.length === 0 || lines.length !== leaves.length) return false;
  for (const [i, line] of lines.entries()) {
    const leaf = leaves[i];
    // Its hash is made here, of the bytes that are shown; what the pack calls its hash only has to be the same.
    const made = await leafHash(line);
    if (!leaf || !same(made, leaf.leafHash)) return false;
    if (!(await verifyInclusion({ index: leaf.index, size, leaf: made, root, proof: leaf.proof })))
      return false;
  }
  return true;
}

function checkpointResult(checkpoint: SignedCheckpoint | null, keys: TrustedKeys | null): CheckResult {
  if (checkpoint === null || checkpoint.isForged) return 'bad';
  if (keys === null || keys.logs.length === 0) return 'unchecked';
  return checkpoint.signedBy === null ? 'bad' : 'good';
}

function cosignatureResult(checkpoint: SignedCheckpoint | null, { witnesses }: TrustedKeys): CheckResult {
  if (witnesses.length === 0 || checkpoint === null) return 'unchecked';
  return checkpoint.cosignedBy.length > 0 ? 'good' : 'bad';
}

/** Whether the log continues what this browser has verified before. */
async function consistencyResult(
  text: string,
  { size, root, signedBy }: SignedCheckpoint,
  before: VerifiedTree | null,
): Promise<CheckResult> {
  if (before === null || signedBy === null) return 'unchecked';
  if (before.size > size) return 'bad';
  if (before.size === size) return same(before.root, root) ? 'good' : 'bad';
  const claim = jsonIn(text);
  const proof = hashesIn(claim['proof']);
  if (claim['from'] !== before.size || claim['to'] !== size || proof === null) return 'unchecked';
  const isContinued = await verifyConsistency({
    from: before.size,
    to: size,
    fromRoot: before.root,
    toRoot: root,
    proof,
  });
  return isContinued ? 'good' : 'bad';
}

/** The entry in a line; null where it is not canonical, so that two readers could read it differently, or of another change by which this one is not judged. */
function entryIn(line: Bytes, index: number | undefined, changeId: string): Entry | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
    const body = JSON.parse(text) as Entry;
    const isOfPack = body['changeId'] === changeId || mayBeContext(body as unknown as EntryBody);
    if (canonicalJson(body) !== text || !isOfPack || index === undefined) return null;
    return { ...body, index, key: String(index) };
  } catch {
    return null;
  }
}

function leafIn(line: Bytes): Leaf | null {
  const { index, leafHash: hash, proof } = jsonIn(new TextDecoder().decode(line));
  const [bytes, hashes] = [fromHex(hash), hashesIn(proof)];
  return typeof index !== 'number' || bytes === null || hashes === null
    ? null
    : { index, leafHash: bytes, proof: hashes };
}

/** Each entry once, and in the log's order. */
function isAscending(leaves: readonly (Leaf | null)[]): boolean {
  return leaves.every(
    (leaf, i) => leaf !== null && (i === 0 || leaf.index > (leaves[i - 1]?.index ?? Infinity)),
  );
}

function hashesIn(value: unknown): Bytes[] | null {
  if (!Array.isArray(value)) return null;
  const hashes = value.map(fromHex);
  return hashes.every((hash) => hash !== null) ? hashes : null;
}

function jsonIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The lines of a file, each without its end. */
function linesOf(bytes: Bytes | undefined): Bytes[] {
  const lines: Bytes[] = [];
  if (bytes === undefined) return lines;
  let from = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
    lines.push(bytes.slice(from, end));
    from = end + 1;
  }
  return lines;
}
