import type { Asked } from './asked.ts';
import { askedMembers } from './asked.ts';
import { canonicalJson, canonicalMembers } from './canonical-json.ts';
import type { Json } from './json.ts';

/**
 * What the digest that a decision is bound to is made of: the canonical JSON (RFC 8785) of everything that was asked for
 * ({@link askedMembers}), of the snapshot and of the round. Its SHA-256 in lower-case hex is the digest; a workflow cannot
 * hash, so whoever may does.
 *
 * @param asked - its members, for whoever has made them before
 */
export function digestText(asked: Readonly<Record<string, string>>, snapshot: Json, round: number): string {
  return canonicalMembers({ ...asked, round: canonicalJson(round), snapshot: canonicalJson(snapshot) });
}

/** {@link digestText} of a change. */
export function digestTextOf(change: Asked, snapshot: Json, round: number): string {
  return digestText(askedMembers(change), snapshot, round);
}
