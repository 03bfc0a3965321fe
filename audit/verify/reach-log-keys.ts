import { maxEntryBytes } from '../../domain/entry.ts';
import { rotationsIn } from '../../domain/key-rotation.ts';
import { isCrossSigned, keyIdOf } from '../key-rotation.ts';
import { linesOf } from './lines.ts';
import { isOfKeys } from './open-checkpoints.ts';
import type { PackSource } from './pack-source.ts';
import { readEntry } from './read-entry.ts';
import { trustedNoteKey } from './trusted-keys.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/** Most bytes of a note that is looked at, and most keys that are reached. */
const mostNoteBytes = 1_048_576;
const mostReached = 100;

/**
 * The trusted keys and, where none of them has signed the pack's checkpoint, the log keys that follow them by the rotations
 * among the pack's entries: they stand behind the checkpoint, which is needed to read them. So this is only a first look.
 * Whether the entries are in the tree, and the keys in their periods, the reading of the entries says.
 *
 * @param notes - other notes that have to be opened, such as the auditor's own checkpoint
 */
export async function reachLogKeys(
  source: PackSource,
  keys: TrustedKeys,
  notes: readonly string[],
): Promise<TrustedKeys> {
  if (keys.logs.length === 0) return keys;
  try {
    const note = await noteOf(source);
    if ([note ?? '', ...notes].every((one) => isOfKeys(one, keys))) return keys;
    return { ...keys, logs: await followed(source, keys) };
  } catch {
    // What is wrong with the pack is said when it is read.
    return keys;
  }
}

async function noteOf(source: PackSource): Promise<string | null> {
  for await (const { path, bytes, content } of source.files()) {
    if (path !== 'checkpoint') continue;
    if (bytes > mostNoteBytes) return null;
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }
  return null;
}

async function followed(source: PackSource, { logs }: TrustedKeys): Promise<TrustedKeys['logs']> {
  const reached = [...logs];
  for await (const line of linesOf(source.files(), 'entries.jsonl', maxEntryBytes)) {
    if (!line?.includes('"type":"key.rotated"')) continue;
    const read = readEntry(line);
    if (typeof read === 'string') continue;
    for (const signed of rotationsIn(read.body)) {
      const { use, before, after } = signed.rotation;
      if (use !== 'log' || !reached.some(({ id }) => id === keyIdOf('log', before))) continue;
      if (isCrossSigned(signed)) reached.push(trustedNoteKey(after));
    }
    if (reached.length > logs.length + mostReached) break;
  }
  return reached;
}
