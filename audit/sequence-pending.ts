import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';

/**
 * Gives pending entries their indexes, in one transaction under the head row's lock. Only the signer's role may.
 *
 * @param maxEntries - most entries at once
 * @returns how many got one
 * @throws CountersignError `log_unavailable`; `invalid_configuration` for another role
 */
export async function sequencePending(db: Queryable, maxEntries: number): Promise<number> {
  try {
    const { rows } = await db.query<{ count: number }>({
      name: 'sequence-pending',
      text: 'select audit.sequence($1) as count',
      values: [maxEntries],
    });
    return rows[0]?.count ?? 0;
  } catch (error) {
    throw asLogError(error);
  }
}
