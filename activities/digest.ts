import { createHash } from 'node:crypto';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { submissionText } from '../domain/submission.ts';
import { digestText } from '../domain/digest.ts';

/** The digest that a decision is bound to: SHA-256, lower-case hex, of {@link digestText}. */
export function digestOf(change: Change, snapshot: JsonObject | null, round: number): string {
  return createHash('sha256')
    .update(digestText(change, snapshot, round))
    .digest('hex');
}

/** The digest of a signed submission; see {@link submissionText}. */
export function submissionDigestOf(change: Change): string {
  return createHash('sha256').update(submissionText(change)).digest('hex');
}
