import { createHash } from 'node:crypto';
import { askedMembers } from '../domain/asked.ts';
import type { Change } from '../domain/change.ts';
import { digestTextOf } from '../domain/digest.ts';
import type { JsonObject } from '../domain/json.ts';
import { submissionText } from '../domain/submission.ts';

/** SHA-256 of a text, lower-case hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The digest that a decision is bound to; see {@link digestTextOf}. */
export function digestOf(change: Change, snapshot: JsonObject | null, round: number): string {
  return sha256(digestTextOf(change, snapshot, round));
}

/** The digest of a signed submission; see {@link submissionText}. */
export function submissionDigestOf(change: Change): string {
  return sha256(submissionText(askedMembers(change), change.submittedAt));
}
