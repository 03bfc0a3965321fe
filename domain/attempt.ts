import type { Attempt } from './change.ts';

/** The code of an attempt whose request surely never left. */
export const notSent = 'not_sent';

/**
 * Whether an attempt's call may have reached the vendor: it was marked as sent, and did not end as never sent after all.
 * Any other did nothing, so what the target shows afterwards is not its doing.
 */
export function mayHaveBeenSent({
  sentAt,
  outcome,
  code,
}: Pick<Attempt, 'sentAt' | 'outcome' | 'code'>): boolean {
  return sentAt !== null && !(outcome === 'failed' && code === notSent);
}

/** Whether nobody knows what the call of an attempt has done: it was marked as sent, and no answer of it is recorded. */
export function isInDoubt({ sentAt, outcome }: Pick<Attempt, 'sentAt' | 'outcome'>): boolean {
  return sentAt !== null && (outcome === 'open' || outcome === 'unknown');
}

/** The call that has begun and whose answer is not recorded; null when there is none. */
export function callUnderWayOf(
  attempts: readonly Attempt[],
): { readonly attempt: number; readonly sentAt: string } | null {
  const last = attempts.findLast(({ outcome, sentAt }) => outcome === 'open' && sentAt !== null);
  return last?.sentAt == null ? null : { attempt: last.ordinal, sentAt: last.sentAt };
}
