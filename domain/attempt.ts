import type { Attempt } from './change.ts';

/** The code of an attempt whose request surely never left. */
export const notSent = 'not_sent';

/**
 * Whether an attempt's call may have reached the vendor. Not, when it ended as never sent: such an attempt did nothing, so
 * what the target shows afterwards is not its doing.
 */
export function mayHaveBeenSent(attempt: Pick<Attempt, 'outcome' | 'code'>): boolean {
  return !(attempt.outcome === 'failed' && attempt.code === notSent);
}
