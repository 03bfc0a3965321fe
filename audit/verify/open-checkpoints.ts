import { openCheckpoint, parseCheckpoint } from '../checkpoint.ts';
import type { OpenedCheckpoint } from '../checkpoint.ts';
import { splitNote } from '../note.ts';
import type { NoteSignature } from '../note.ts';
import { CountersignError } from '../../domain/error.ts';
import { always, refusalByPeriod } from '../../domain/key-period.ts';
import { cosignedTimes } from './cosigned-times.ts';
import type { Findings } from './finding.ts';
import type { TrustedKeys, TrustedNoteKey } from './trusted-keys.ts';

/**
 * The log's earlier checkpoints. Passed over are those of keys that the auditor does not trust, or not for so many entries, as
 * of before a rotation, and those of another name than the log has now: it got that because its entries are no continuation of
 * theirs.
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
    .filter((note) => isOfKeys(note, keys))
    .flatMap((note) => {
      const opened = openSigned(note, keys, findings, 'an earlier checkpoint');
      return opened?.refusal === null ? [opened.checkpoint] : [];
    })
    .filter((checkpoint) => checkpoint.origin === origin);
}

/** Whether a note names a trusted log key, or cannot be read at all. */
export function isOfKeys(note: string, { logs }: TrustedKeys): boolean {
  try {
    return splitNote(note).lines.some(({ name, keyId }) =>
      logs.some((log) => log.name === name && log.keyId === keyId),
    );
  } catch {
    return true;
  }
}

/**
 * The checkpoint in a note that a trusted log key signed within its period, or null with a finding that says why it is none.
 * Where only its signer says that it was within, it is answered with a finding. Cosignatures outside their key's period say
 * nothing.
 *
 * @param name - which checkpoint, for the finding
 */
export function openTrusted(
  note: string,
  keys: TrustedKeys,
  findings: Findings,
  name: string,
): OpenedCheckpoint | null {
  const opened = openSigned(note, keys, findings, name);
  if (opened === null) return null;
  const { checkpoint, refusal, key } = opened;
  const at = { code: 'key_period' };
  if (refusal === 'outside') {
    const message = `${name}: its key ${key.id} is not trusted for a tree of ${checkpoint.size} entries, or not for that time`;
    findings.add('badly_signed', message, at);
    return null;
  }
  if (refusal === 'unproven') {
    const message = `${name}: its key ${key.id} has ended, and no trusted witness had seen it before`;
    findings.add('unchecked', message, at);
  }
  return checkpoint;
}

/** A checkpoint that the auditor has kept: whose key has ended since was trusted then. */
export function openOwn(note: string, keys: TrustedKeys, findings: Findings): OpenedCheckpoint | null {
  const logs = keys.logs.map((log) => ({ ...log, period: always }));
  return openTrusted(note, { ...keys, logs }, findings, 'your checkpoint');
}

interface Opened {
  readonly checkpoint: OpenedCheckpoint;
  readonly key: TrustedNoteKey;
  readonly refusal: 'outside' | 'unproven' | null;
}

/** The checkpoint by the log key that is trusted most, or null with a finding where none has signed it. */
function openSigned(
  note: string,
  { logs, witnesses }: TrustedKeys,
  findings: Findings,
  name: string,
): Opened | null {
  try {
    const { origin } = parseCheckpoint(splitNote(note).text);
    const keys = logs.filter((log) => log.name === origin);
    if (keys.length === 0) {
      findings.add('badly_signed', `${name}: no trusted key is of the log ${origin}`, { code: 'checkpoint' });
      return null;
    }
    let failure: unknown;
    let best: Opened | null = null;
    // A log that has changed its key has several.
    for (const key of keys) {
      try {
        const checkpoint = withinPeriods(openCheckpoint(note, { log: key, witnesses }), witnesses);
        const refusal = refusalOf(checkpoint, key);
        if (refusal === null) return { checkpoint, key, refusal };
        if (best === null || refusal === 'unproven') best = { checkpoint, key, refusal };
      } catch (error) {
        failure = error;
      }
    }
    if (best !== null) return best;
    throw failure;
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    const kind = error.code === 'bad_signature' ? 'badly_signed' : 'malformed';
    findings.add(kind, `${name}: ${error.message}`, { code: 'checkpoint' });
    return null;
  }
}

/** Whoever has an old key of the log makes a tree of any size with it: only a witness bounds when. */
function refusalOf(checkpoint: OpenedCheckpoint, { period }: TrustedNoteKey): Opened['refusal'] {
  const { size } = checkpoint;
  const times = cosignedTimes(checkpoint);
  const seenAt = times.length === 0 ? null : Math.min(...times);
  return refusalByPeriod(period, {
    index: Math.max(0, size - 1),
    saidAt: null,
    seenAt,
    indexIsProved: false,
  });
}

/** Without the cosignatures of witnesses that are not trusted for that size and time. */
function withinPeriods(checkpoint: OpenedCheckpoint, witnesses: readonly TrustedNoteKey[]): OpenedCheckpoint {
  const { size, cosignatures } = checkpoint;
  const isWithin = ({ name, keyId, time }: NoteSignature): boolean => {
    const period = witnesses.find((key) => key.name === name && key.keyId === keyId)?.period ?? always;
    const at = time === null ? null : time * 1000;
    const signed = { index: Math.max(0, size - 1), saidAt: at, seenAt: at, indexIsProved: false };
    return refusalByPeriod(period, signed) === null;
  };
  return { ...checkpoint, cosignatures: cosignatures.filter(isWithin) };
}
