import { newEntry } from '../domain/entry.ts';
import type { EntryDraft } from '../domain/entry.ts';
import type { Json } from '../domain/json.ts';
import { rotationJson } from '../domain/key-rotation.ts';
import type { SignedRotation } from '../domain/key-rotation.ts';

/** How an origin of the log begins: who signs it, and after which tree, where an admin accepted the loss of one. */
export interface LogBeginning {
  readonly origin: string;
  /** C2SP verifier keys. */
  readonly keys: readonly string[];
  /** ISO 8601. */
  readonly time: string;
  readonly previous: { readonly origin: string; readonly size: number; readonly root: string } | null;
  /** Of an admin: why, and who. */
  readonly accepted: Accepted | null;
}

/** What an admin said when they let the signer go on. */
export interface Accepted {
  readonly reason: string;
  readonly by: string;
  /** Why the signer had refused; null where it had not. */
  readonly refusal: string | null;
}

/** The first entry of an origin; its key makes it one. */
export function logStarted(beginning: LogBeginning): EntryDraft {
  const { origin, keys, time, previous, accepted } = beginning;
  return entry('log.started', origin, '1', time, {
    origin,
    keys: [...keys],
    previous,
    accepted: said(accepted),
  });
}

/**
 * The entry of other keys under the same origin. `generation` is the memory's, and makes it one.
 *
 * @param rotation - `rotations`: which key follows which, signed by both where the signer has both
 */
export function keyRotated(rotation: {
  readonly origin: string;
  readonly time: string;
  readonly generation: number;
  readonly before: readonly string[];
  readonly keys: readonly string[];
  readonly rotations: readonly SignedRotation[];
}): EntryDraft {
  const { origin, time, generation, before, keys, rotations } = rotation;
  const members = {
    origin,
    before: [...before],
    keys: [...keys],
    rotations: rotations.map(rotationJson),
    ends: true,
  };
  return entry('key.rotated', origin, String(generation), time, members);
}

/** The entry of another key of the witness; the signer writes it, since a witness writes nothing. `id` of the new key makes it one. */
export function witnessKeyRotated(told: {
  readonly id: string;
  readonly rotation: SignedRotation;
  readonly time: string;
}): EntryDraft {
  const { id, rotation, time } = told;
  return entry('key.rotated', id, '1', time, { rotations: [rotationJson(rotation)], ends: true });
}

/** The entry of an admin's word that a signer which had refused may look again. `generation` is the memory's. */
export function logResumed(resumption: {
  readonly origin: string;
  readonly time: string;
  readonly generation: number;
  readonly accepted: Accepted;
}): EntryDraft {
  const { origin, time, generation, accepted } = resumption;
  return entry('log.resumed', origin, String(generation), time, { origin, accepted: said(accepted) });
}

function entry(
  type: 'log.started' | 'log.resumed' | 'key.rotated',
  of: string,
  ordinal: string,
  time: string,
  members: Readonly<Record<string, Json>>,
): EntryDraft {
  const actor = { process: 'signer' };
  return newEntry({ namespace: 'log', of, ordinal }, { type, time, actor, ...members });
}

function said(accepted: Accepted | null): Json {
  return accepted && { reason: accepted.reason, by: accepted.by, refusal: accepted.refusal };
}
