import { maxEntryBytes } from '../../domain/entry.ts';
import { rotationsIn } from '../../domain/key-rotation.ts';
import { isCrossSigned, keyIdOf } from '../key-rotation.ts';
import { splitNote } from '../note.ts';
import type { Coverage } from '../pack/manifest.ts';
import { linesOf } from './lines.ts';
import { isOfKeys } from './open-checkpoints.ts';
import type { PackSource } from './pack-source.ts';
import { readEarlierCheckpoints, readManifest } from './read-claims.ts';
import { readEntry } from './read-entry.ts';
import { trustedNoteKey } from './trusted-keys.ts';
import type { TrustedKeys, TrustedNoteKey } from './trusted-keys.ts';

/** Most bytes of a file with notes that is looked at, and most keys that are reached. */
const mostNoteBytes = 1_048_576;
const mostReached = 100;

/**
 * The trusted keys, with those that follow them by the rotations among the pack's entries: log keys where no trusted one has
 * signed the pack's checkpoint, witness keys where one of a trusted witness's name has cosigned that no file has. They are needed
 * to open the checkpoints, which come before the entries. So this is only a first look. Whether the entries are in the tree, and
 * the keys in their periods, the reading of the entries says.
 *
 * @param notes - other notes that have to be opened, such as the auditor's own checkpoint
 */
export async function reachNoteKeys(
  source: PackSource,
  keys: TrustedKeys,
  notes: readonly string[],
): Promise<TrustedKeys> {
  if (keys.logs.length === 0) return keys;
  try {
    const { covers, checkpoint, earlier } = await claimsOf(source);
    const [own, all] = [
      [...checkpoint, ...notes],
      [...checkpoint, ...notes, ...earlier],
    ];
    const areLogsKnown = own.length > 0 && own.every((one) => isOfKeys(one, keys));
    if (areLogsKnown && !all.some((one) => isOfUnknownWitness(one, keys))) return keys;
    const reached = await followed(source, keys, covers);
    return { ...keys, witnesses: reached.witnesses, logs: areLogsKnown ? keys.logs : reached.logs };
  } catch {
    // What is wrong with the pack is said when it is read.
    return keys;
  }
}

interface Claims {
  covers: Coverage | null;
  readonly checkpoint: string[];
  readonly earlier: string[];
}

/** What the files before the entries say, as far as it is needed here. */
async function claimsOf(source: PackSource): Promise<Claims> {
  const claims: Claims = { covers: null, checkpoint: [], earlier: [] };
  for await (const { path, bytes, content } of source.files()) {
    if (path === 'entries.jsonl') break;
    const isRead = ['manifest.json', 'checkpoint', 'proofs/checkpoints.json'].includes(path);
    if (!isRead || bytes > mostNoteBytes) continue;
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    if (path === 'manifest.json') claims.covers = readManifest(text).covers;
    else if (path === 'checkpoint') claims.checkpoint.push(text);
    else claims.earlier.push(...readEarlierCheckpoints(text).checkpoints);
  }
  return claims;
}

/** Whether a note has a signature under the name of a trusted witness by a key that is none of theirs. */
function isOfUnknownWitness(note: string, { witnesses }: TrustedKeys): boolean {
  return splitNote(note).lines.some(({ name, keyId }) => {
    const named = witnesses.filter((witness) => witness.name === name);
    return named.length > 0 && named.every((witness) => witness.keyId !== keyId);
  });
}

async function followed(
  source: PackSource,
  { logs, witnesses }: TrustedKeys,
  covers: Coverage | null,
): Promise<Pick<TrustedKeys, 'logs' | 'witnesses'>> {
  const reached = { log: [...logs], witness: [...witnesses] };
  // In the pack of a change the rotations stand under the checkpoint, and there are no earlier ones.
  let index = covers?.kind === 'range' ? covers.from - 1 : null;
  for await (const line of linesOf(source.files(), 'entries.jsonl', maxEntryBytes)) {
    if (index !== null) index += 1;
    if (!line?.includes('"type":"key.rotated"')) continue;
    const read = readEntry(line);
    if (typeof read === 'string') continue;
    for (const signed of rotationsIn(read.body)) {
      const { use, before, after } = signed.rotation;
      if (use === 'statement' || !isFollowed(use, reached[use], before) || !isCrossSigned(signed)) continue;
      const key = trustedNoteKey(after);
      const fromIndex = use === 'witness' ? (index ?? 0) : 0;
      if (!reached[use].some(({ id }) => id === key.id))
        reached[use].push({ ...key, period: { ...key.period, fromIndex } });
    }
    if (reached.log.length + reached.witness.length > logs.length + witnesses.length + mostReached) break;
  }
  return { logs: reached.log, witnesses: reached.witness };
}

/** What follows a witness's key whose end the auditor knows is not followed; of a log's, the reading of the entries says so. */
function isFollowed(use: 'log' | 'witness', keys: readonly TrustedNoteKey[], before: string): boolean {
  const key = keys.find(({ id }) => id === keyIdOf(use, before));
  if (key === undefined) return false;
  return use === 'log' || (key.period.beforeIndex === null && key.period.before === null);
}
