import { canonicalJson } from './canonical-json.ts';
import type { EntryBody, EventType } from './entry.ts';

/**
 * Which key wrote an entry, as its member `writer`: the process that holds the key has signed the whole rest of the entry. So
 * nobody else can have written it, or have changed what it tells.
 */
export interface EntryWriter {
  /** The first 16 hex digits of SHA-256 over the raw public key. */
  readonly keyId: string;
  /** Ed25519 (RFC 8032) over {@link writtenText}; base64, 64 bytes decoded. */
  readonly signature: string;
}

/**
 * What an entry does that its process signs: it `opens` a way to a call, or `closes` one, by an admin's or an approver's word; it
 * tells of another act of an admin (`administers`); or it `records` what the API has answered.
 */
type Effect = 'opens' | 'closes' | 'administers' | 'records';

/** The entries that the API signs as a whole, with what each does. */
export const effectOfSigned = {
  'freeze.declared': 'closes',
  'freeze.lifted': 'opens',
  'freeze.overridden': 'opens',
  'token.issued': 'opens',
  'token.revoked': 'closes',
  'policy.revoked': 'closes',
  'subscription.created': 'administers',
  'subscription.changed': 'administers',
  'subscription.deleted': 'administers',
  'decision.refused': 'records',
  'request.refused': 'records',
  'integrity.differs': 'records',
  'audit.read': 'records',
  'audit.exported': 'records',
} as const satisfies Partial<Record<EventType, Effect>>;

/** An entry that its process signs as a whole. */
export type SignedType = keyof typeof effectOfSigned;

/** Whether entries of a type are signed as a whole by the process that writes them. */
export function isSignedType(type: EventType): type is SignedType {
  return Object.hasOwn(effectOfSigned, type);
}

/** Says whether a key of the API wrote an entry. */
export type IsWritten = (body: EntryBody) => boolean;

/** Whether an entry counts for calls: one that opens a way does only if a key of the API wrote it, any other always. */
export function countsIf(isWritten: IsWritten): (body: EntryBody) => boolean {
  return (body) => !(isSignedType(body.type) && effectOfSigned[body.type] === 'opens') || isWritten(body);
}

/** Whether an entry names the key that wrote it. Whether that key did write it is another question. */
export function namesWriter({ writer }: EntryBody): boolean {
  return writer !== undefined;
}

/** What the key that wrote an entry has signed: the canonical JSON (RFC 8785) of the entry without its member `writer`. */
export function writtenText({ writer: _, ...rest }: EntryBody): string {
  return canonicalJson(rest);
}

/** The writer that an entry names; null for one that names none, or is of another form. */
export function writerOf({ writer }: EntryBody): EntryWriter | null {
  if (writer === null || typeof writer !== 'object' || Array.isArray(writer)) return null;
  const { keyId, signature } = writer as Record<string, unknown>;
  return typeof keyId === 'string' && typeof signature === 'string' ? { keyId, signature } : null;
}
