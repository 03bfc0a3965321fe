import { verifyConsistency } from '../merkle.ts';
import { splitNote } from '../note.ts';
import type { OpenedCheckpoint } from '../checkpoint.ts';
import { counted } from '../pack/counted.ts';
import { jsonText } from '../pack/manifest.ts';
import type { Manifest } from '../pack/manifest.ts';
import { BrokenPack, collectFindings } from './finding.ts';
import { followCheckpoints } from './follow-checkpoints.ts';
import { judgeTimes, witnessTimes } from './judge-times.ts';
import { openEarlier, openTrusted } from './open-checkpoints.ts';
import { hashesOf } from './read-claims.ts';
import type { PackFile } from './read-tar.ts';
import { manifestOf } from './verification.ts';
import { witnessGaps } from './witness-gaps.ts';
import type { Verification } from './verification.ts';

/** A file that is kept as text must be, to the byte, what an export would write of what was read from it. */
export function asWritten(state: Verification, path: string, text: string, known: object): void {
  if (text === jsonText(known)) return;
  state.findings.add('altered', `${path} has more in it than an export writes, or writes it otherwise`, {
    code: 'file',
  });
}

/**
 * An archive's files bear the time of the manifest.
 * @throws BrokenPack `unexpected`
 */
export function inTime({ path, mtime }: PackFile, madeAt: string): void {
  if (mtime === null || mtime === Math.floor(Date.parse(madeAt) / 1000)) return;
  throw new BrokenPack('unexpected', `${path} bears another time than manifest.json`);
}

/** `checkpoint`, and how many of its signatures say nothing here. */
export function takeCheckpoint(state: Verification, note: string): void {
  const { reached: keys } = state;
  state.checkpointNote = note;
  state.checkpoint = openTrusted(note, keys, state.findings, 'checkpoint');
  if (state.checkpoint === null) return;
  signedOnce(state, [note], 'checkpoint');
  boundTimes(state, [state.checkpoint]);
  const known = [...keys.logs, ...keys.witnesses];
  const unknown = splitNote(note).lines.filter(
    ({ name, keyId }) => !known.some((key) => key.name === name && key.keyId === keyId),
  ).length;
  if (unknown > 0) {
    state.passedOver.push(
      `What ${counted(unknown, 'signature')} on the checkpoint would say: of keys that you do not trust.`,
    );
  }
}

function boundTimes(state: Verification, checkpoints: readonly OpenedCheckpoint[]): void {
  state.times = judgeTimes(checkpoints);
  state.seenAt = witnessTimes(checkpoints);
}

/**
 * Whether the checkpoint's keys are trusted for it, now that the entries have said which key followed which: a key that was
 * reached by an entry that is not in the tree, or that had ended before, says nothing. Nor does its cosignature count.
 */
export function judgeCheckpointKey(state: Verification): void {
  const { keys, reached, options, checkpoint, checkpointNote, findings } = state;
  if (keys === null || checkpoint === null || checkpointNote === null) return;
  if (reached === options.keys && !keys.areNoteKeysMoved()) return;
  const now = collectFindings();
  state.checkpoint = openTrusted(checkpointNote, keys.trusted(), now, 'checkpoint') ?? checkpoint;
  const told = new Set(findings.kept.map(({ message }) => message));
  for (const { kind, message, code = 'checkpoint' } of now.kept) {
    if (!told.has(message)) findings.add(kind, message, { code });
  }
}

/** No export writes a signature twice; readers of notes pass over the second. */
function signedOnce(state: Verification, notes: readonly string[], path: string): void {
  const isOnce = notes.every((note) => {
    const lines = note.split('\n').filter((line) => line.startsWith('— '));
    return new Set(lines).size === lines.length;
  });
  if (isOnce) return;
  state.findings.add('malformed', `${path}: a signature stands there twice`, { code: 'checkpoint' });
}

/** `proofs/checkpoints.json`: those that count in the order of a log, each within the range, and how many say nothing here. */
export function takeEarlier(state: Verification, notes: readonly string[]): void {
  const { checkpoint, findings } = state;
  const { covers } = manifestOf(state);
  if (!checkpoint || covers.kind !== 'range') return;
  const opened = openEarlier(notes, checkpoint.origin, state.reached, findings);
  signedOnce(state, notes, 'proofs/checkpoints.json');
  let last = covers.from;
  for (const { size } of opened) {
    if (size <= last || size > covers.to) {
      findings.add(
        'malformed',
        'proofs/checkpoints.json: a checkpoint is out of order, twice there, or of no entry here',
      );
      break;
    }
    last = size;
  }
  if (notes.length > opened.length) {
    state.passedOver.push(
      `What ${counted(notes.length - opened.length, 'earlier checkpoint')} in the pack would say: of keys that you do not trust, or of another log.`,
    );
  }
  state.earlier = followCheckpoints(opened);
  boundTimes(state, [...opened, checkpoint]);
  state.witnessGaps = witnessGaps([...opened, checkpoint], covers);
}

/** Whether `consistency.json` leads from the root that it names to the checkpoint's. */
export function judgeConsistency(state: Verification, manifest: Manifest): void {
  const { findings, checkpoint, consistency } = state;
  if (consistency === null || checkpoint === null) return;
  const { from, root, to, proof } = consistency;
  const leads =
    from === manifest.since &&
    to === checkpoint.size &&
    verifyConsistency({
      from,
      to,
      fromRoot: Buffer.from(root, 'hex'),
      toRoot: checkpoint.root,
      proof: hashesOf(proof) ?? [],
    });
  if (!leads)
    findings.add('altered', 'consistency.json does not lead to the checkpoint’s root', { code: 'file' });
}
