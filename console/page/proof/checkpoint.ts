import { fromBase64, hex, utf8 } from './bytes.ts';
import type { Bytes } from './bytes.ts';
import { refusalByPeriod } from '../../../domain/key-period.ts';
import { verifySignature } from './trusted-keys.ts';
import type { NoteKey, TrustedKeys } from './trusted-keys.ts';

/** A log's signed head (C2SP tlog-checkpoint), and who has signed it. */
export interface SignedCheckpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
  /** The log's key that has signed it; null: none that is trusted. */
  readonly signedBy: NoteKey | null;
  /** Trusted witnesses, and by when each had seen it (ms since 1970). */
  readonly cosignedBy: readonly { readonly key: NoteKey; readonly at: number }[];
  /** Whether a signature in the name of a trusted key is none. */
  readonly isForged: boolean;
}

const hashBytes = 32;

/**
 * Reads a checkpoint and verifies the signatures of the keys that are trusted; those of others say nothing.
 * @returns null for what is no checkpoint
 */
export async function readCheckpoint(
  note: string,
  { logs, witnesses }: TrustedKeys,
): Promise<SignedCheckpoint | null> {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return null;
  const text = note.slice(0, split + 1);
  const [origin = '', sizeText = '', rootText = '', ...more] = text.split('\n');
  const size = Number(sizeText);
  const root = fromBase64(rootText);
  if (
    origin === '' ||
    more.at(-1) !== '' ||
    !/^(0|[1-9][0-9]*)$/.test(sizeText) ||
    !Number.isSafeInteger(size)
  )
    return null;
  if (root?.length !== hashBytes) return null;
  const signers: NoteKey[] = [];
  const cosignedBy: { key: NoteKey; at: number }[] = [];
  let isForged = false;
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const [dash, name, base64 = '', ...rest] = line.split(' ');
    const bytes = fromBase64(base64);
    if (dash !== '—' || rest.length > 0 || bytes === null || bytes.length < 5) return null;
    const keyId = hex(bytes.subarray(0, 4));
    const key = [...logs, ...witnesses].find((one) => one.name === name && one.keyId === keyId);
    if (key === undefined) continue;
    const signature = bytes.slice(4);
    if (key.of === 'log') {
      const isGood = key.name === origin && (await verifySignature(key, utf8(text), signature));
      if (isGood) signers.push(key);
      else isForged = true;
    } else {
      const at = await cosignatureTime(key, text, signature);
      if (at === null) isForged = true;
      else cosignedBy.push({ key, at });
    }
  }
  // Cosignatures outside their key's period say nothing, and neither does the log's own.
  const index = Math.max(0, size - 1);
  const within = cosignedBy.filter(
    ({ key, at }) =>
      refusalByPeriod(key.period, { index, saidAt: at, seenAt: at, indexIsProved: false }) === null,
  );
  const seenAt = within.length === 0 ? null : Math.min(...within.map(({ at }) => at));
  const isTrusted = (key: NoteKey): boolean =>
    refusalByPeriod(key.period, { index, saidAt: null, seenAt, indexIsProved: false }) === null;
  const signedBy = signers.find(isTrusted) ?? null;
  return { origin, size, root, signedBy, cosignedBy: within, isForged };
}

/** When a witness has cosigned, ms since 1970; null: it has not (C2SP tlog-cosignature, "Ed25519 signed message"). */
async function cosignatureTime(key: NoteKey, text: string, signature: Bytes): Promise<number | null> {
  if (signature.length !== 8 + 64) return null;
  const seconds = new DataView(signature.buffer, signature.byteOffset, 8).getBigUint64(0);
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  const said = utf8(`cosignature/v1\ntime ${String(seconds)}\n${text}`);
  return (await verifySignature(key, said, signature.slice(8))) ? Number(seconds) * 1000 : null;
}
