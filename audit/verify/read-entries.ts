import { maxEntryBytes } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { isSignedType } from '../../domain/entry-writer.ts';
import { columnsOf } from '../columns.ts';
import { leafHash, verifyInclusion } from '../merkle.ts';
import { mayBeContext } from '../../domain/context-entry.ts';
import { leafLine } from '../pack/leaf-line.ts';
import { draftReport } from '../pack/report.ts';
import { BrokenPack } from './finding.ts';
import { compareColumns, maxLeafLine, readLeaf } from './find-difference.ts';
import { followKeys } from './follow-keys.ts';
import { judgeEntries } from './judge-entries.ts';
import { lineCutter, linesOf } from './lines.ts';
import type { Line } from './lines.ts';
import type { Illogical } from './problem.ts';
import type { PackSource } from './pack-source.ts';
import { hashesOf } from './read-claims.ts';
import { readEntry } from './read-entry.ts';
import { renderHere } from './render-entries.ts';
import { addNodes, atSize, countBadLine, manifestOf } from './verification.ts';
import type { Verification } from './verification.ts';

/** `entries.jsonl`, line by line: each hashed, put into the tree or led to the root by its proof, rendered and judged. */
export async function readEntries(
  source: PackSource,
  state: Verification,
  content: AsyncIterable<Buffer>,
): Promise<void> {
  const manifest = manifestOf(state);
  const { covers } = manifest;
  state.keys = followKeys(state.options.keys, state.seenAt, state.findings);
  state.judge = judgeEntries({
    findings: state.findings,
    whole: covers.kind === 'change' || covers.from === 0,
    verifyStatement: state.options.verifyStatement,
    policies: state.options.policies,
    keys: state.keys,
    only: covers.kind === 'change' ? covers.changeId : null,
  });
  state.report = draftReport(covers);
  const { withoutRenderings, renderWith = renderHere } = state.options;
  state.renderer = withoutRenderings === true ? null : renderWith(manifest.log);
  if (covers.kind === 'range') {
    const { range } = state;
    if (range === null) throw new BrokenPack('missing', 'proofs/range.json is not there');
    if (range.from !== covers.from || range.to !== covers.to) {
      throw new BrokenPack('malformed', 'proofs/range.json is not of the range that the manifest names');
    }
    addNodes(state, 0, range.from, range.before);
  }
  const leaves = covers.kind === 'change' ? linesOf(source.files(), 'leaves.jsonl', maxLeafLine) : null;
  try {
    const cutter = lineCutter(maxEntryBytes);
    let last = -1;
    for await (const chunk of content) {
      for (const line of cutter.push(chunk)) {
        if (leaves) {
          const leaf = await leaves.next();
          last = readFiltered(state, line, leaf.done === true ? null : leaf.value, last);
        } else readOne(state, state.tree.size, line);
      }
      await state.judge.catchUp();
      await state.renderer?.catchUp();
    }
    if (cutter.open)
      state.findings.add('malformed', 'entries.jsonl does not end with a line', { code: 'entry' });
    if (leaves && (await leaves.next()).done !== true) {
      state.findings.add('missing', 'there are leaf hashes without an entry');
    }
  } finally {
    await leaves?.return(undefined);
  }
}

/** An entry of a range: its place is where it stands. */
function readOne(state: Verification, index: number, line: Line): void {
  atSize(state);
  const hash = line === null ? Buffer.alloc(32) : leafHash(line);
  state.tree.add({ level: 0, index }, hash);
  see(state, index, line, hash.toString('hex'));
}

/** An entry of a change: its place is what its proof proves. Answers it. */
function readFiltered(state: Verification, line: Line, leafText: Line, last: number): number {
  const { findings, checkpoint } = state;
  const leaf = readLeaf(leafText);
  if (!leaf) {
    findings.add(leafText === null ? 'missing' : 'malformed', 'an entry has no line in leaves.jsonl');
    countBadLine(state);
    return last;
  }
  const { index } = leaf;
  const at = { index };
  if (index <= last) findings.add('reordered', 'the entries are not in the order of the log', at);
  const hash = line === null ? Buffer.alloc(32) : leafHash(line);
  const proof = hashesOf(leaf.proof);
  if (hash.toString('hex') !== leaf.leafHash) {
    findings.add('altered', 'the bytes are not those that were hashed', at);
  } else if (!proof) findings.add('malformed', 'the proof is none', at);
  else if (checkpoint) {
    const { size, root } = checkpoint;
    if (!verifyInclusion({ index, size, leaf: hash, root, proof })) {
      findings.add('altered', 'the proof does not lead to the checkpoint’s root', { index, code: 'proof' });
    }
  }
  see(state, index, line, hash.toString('hex'), proof?.map((h) => h.toString('hex')) ?? []);
  if (line) compareColumns(leaf, line, index, findings);
  return Math.max(index, last);
}

/** Entries beyond those that the manifest counts that are still read, to say which they are. */
const mostExtra = 1000;

function addBadLine(state: Verification, index: number, why: string): void {
  state.findings.add('malformed', `no entry: ${why}`, { index, code: 'entry' });
  countBadLine(state);
}

/** What an entry says, wherever it stands. */
function see(state: Verification, index: number, line: Line, hash: string, proof?: readonly string[]): void {
  const { findings, types } = state;
  state.entries += 1;
  if (line === null) {
    addBadLine(state, index, `longer than ${maxEntryBytes} bytes`);
    return;
  }
  const read = readEntry(line);
  if (typeof read === 'string') {
    addBadLine(state, index, read);
    return;
  }
  const { body } = read;
  const { covers, counts } = manifestOf(state);
  if (state.entries > counts.entries + mostExtra) {
    throw new BrokenPack(
      'unexpected',
      `the manifest counts ${counts.entries} entries, and there are many more`,
    );
  }
  if (covers.kind === 'change' && body.changeId === covers.changeId)
    state.isAsked ||= body.type === 'change.requested';
  else if (covers.kind === 'change') {
    const had = state.context[body.type] ?? 0;
    state.context[body.type] = had + 1;
    // One policy, and before the change is asked for under it.
    const isOther = body.type === 'policy.pinned' && (had > 0 || state.isAsked);
    if (isOther || !mayBeContext(body)) findings.add('unexpected', 'an entry of another change', { index });
  }
  const entry = { index, body, leafHash: hash, columns: columnsOf(body) };
  state.leaves.add(leafLine(entry, proof));
  state.renderer?.add(entry, line);
  state.report?.add(entry);
  types[body.type] = (types[body.type] ?? 0) + 1;
  state.judge?.add(index, read);
  judgeTime(state, index, body);
  state.options.onEntry?.(entry);
}

/** Most entries with an early time whose indexes are listed. */
const mostEarly = 20;

function judgeTime(state: Verification, index: number, { type, time }: EntryBody): void {
  const odd = state.times(index, time);
  if (odd === null) return;
  const { early, findings } = state;
  if (odd.is === 'early') {
    early.count += 1;
    if (early.indexes.length < mostEarly) early.indexes.push(index);
  }
  // The API reads its clock for an entry that it signs as a whole right before the transaction that appends it, so such an entry
  // cannot wait; nor does the beginning of an attempt, which the worker dates in the transaction that appends it. Others of a
  // worker's may: its workflow dates them, and an activity appends them when Postgres is back.
  const isDatedAtOnce = isSignedType(type) || type === 'attempt.started';
  const code: Illogical | null =
    odd.is === 'late' ? 'dated_after_witness' : isDatedAtOnce ? 'dated_before_witness' : null;
  if (code !== null) findings.add('illogical', odd.message, { index, code });
}
