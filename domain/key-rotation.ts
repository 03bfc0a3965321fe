import { canonicalJson } from './canonical-json.ts';
import { newEntry } from './entry.ts';
import type { EntryBody, EntryDraft } from './entry.ts';
import type { Json, JsonObject } from './json.ts';

/** What a key signs: what people say (the API's), the log's checkpoints (the signer's), or those as a witness. */
export type KeyUse = 'statement' | 'log' | 'witness';

/** That one key follows another. */
export interface KeyRotation {
  readonly v: 1;
  readonly use: KeyUse;
  /** Public keys: a C2SP verifier key, or of a statement key its PEM (SPKI). */
  readonly before: string;
  readonly after: string;
  /** ISO 8601: when the new key was made. */
  readonly at: string;
}

/** A rotation that the old and the new key have signed; base64. */
export interface SignedRotation {
  readonly rotation: KeyRotation;
  readonly signatures: { readonly before: string; readonly after: string };
}

/** What both keys sign: no checkpoint and no statement begins so. */
export function rotationText(rotation: KeyRotation): string {
  return `countersign key rotation\n${canonicalJson(rotation)}\n`;
}

/** A rotation as plain JSON, for an entry's body and for a file. */
export function rotationJson(signed: SignedRotation): JsonObject {
  return signed as unknown as JsonObject;
}

/**
 * The API's entry of another key that signs what people say.
 *
 * @param told - `id` of the new key, which makes it one; `ends`: whether the old key is no longer trusted from here on, or signs
 * for a while beside the new one; `time` in ISO 8601
 */
export function statementKeyRotated(told: {
  readonly id: string;
  readonly rotation: SignedRotation;
  readonly ends: boolean;
  readonly time: string;
}): EntryDraft {
  const { id, rotation, ends, time } = told;
  const place = { namespace: 'log', of: `statement-key-${id}`, ordinal: ends ? 2 : 1 };
  const actor = { process: 'api' };
  return newEntry(place, {
    ...{ type: 'statement_key.rotated', time, actor },
    ...{ rotations: [rotationJson(rotation)], ends },
  });
}

/** The rotations that an entry tells of. Whether both keys signed them is asked elsewhere. */
export function rotationsIn({ type, rotations }: EntryBody): SignedRotation[] {
  if (type !== 'key.rotated' && type !== 'statement_key.rotated') return [];
  return Array.isArray(rotations) ? rotations.flatMap((one: Json) => signedRotationIn(one) ?? []) : [];
}

/** A value as a signed rotation, with nothing else in it; null for anything else. */
export function signedRotationIn(value: unknown): SignedRotation | null {
  const { rotation, signatures } = membersOf(value);
  const { v, use, before, after, at } = membersOf(rotation);
  const { before: byBefore, after: byAfter } = membersOf(signatures);
  const isUse = use === 'statement' || use === 'log' || use === 'witness';
  const texts = [before, after, at, byBefore, byAfter];
  if (v !== 1 || !isUse || !texts.every((text) => typeof text === 'string')) return null;
  const [from, to, moment, oldSignature, newSignature] = texts;
  return {
    rotation: { v: 1, use, before: from ?? '', after: to ?? '', at: moment ?? '' },
    signatures: { before: oldSignature ?? '', after: newSignature ?? '' },
  };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
