import { openCheckpoint, parseCheckpoint } from '../checkpoint.ts';
import type { OpenedCheckpoint } from '../checkpoint.ts';
import { splitNote } from '../note.ts';
import { CountersignError } from '../../domain/error.ts';
import type { Findings } from './finding.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/**
 * The log's earlier checkpoints. Passed over are those of keys that the auditor does not trust, as of before a rotation, and
 * those of another name than the log has now: it got that because its entries are no continuation of theirs.
 *
 * @param origin - the log's name
 */
export function openEarlier(
  notes: readonly string[],
  origin: string,
  keys: TrustedKeys,
  findings: Findings,
): OpenedCheckpoint[] {
  return notes
    .filter((note) => mayBeOf(note, keys))
    .flatMap((note) => openTrusted(note, keys, findings, 'an earlier checkpoint') ?? [])
    .filter((checkpoint) => checkpoint.origin === origin);
}

/** Whether a note names a trusted log key, or cannot be read at all. */
function mayBeOf(note: string, { logs }: TrustedKeys): boolean {
  try {
    return splitNote(note).lines.some(({ name, keyId }) =>
      logs.some((log) => log.name === name && log.keyId === keyId),
    );
  } catch {
    return true;
  }
}

/**
 * The checkpoint in a note that a trusted log key signed, or null with a finding that says why it is none.
 * @param name - which checkpoint, for the finding
 */
export function openTrusted(
  note: string,
  { logs, witnesses }: TrustedKeys,
  findings: Findings,
  name: string,
): OpenedCheckpoint | null {
  try {
    const { origin } = parseCheckpoint(splitNote(note).text);
    const keys = logs.filter((log) => log.name === origin);
    if (keys.length === 0) {
      findings.add('badly_signed', `${name}: no trusted key is of the log ${origin}`, { code: 'checkpoint' });
      return null;
    }
    let failure: unknown;
    // A log that has changed its key has several.
    for (const log of keys) {
      try {
        return openCheckpoint(note, { log, witnesses });
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    const kind = error.code === 'bad_signature' ? 'badly_signed' : 'malformed';
    findings.add(kind, `${name}: ${error.message}`, { code: 'checkpoint' });
    return null;
  }
}
