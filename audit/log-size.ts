import type { Queryable } from '../store/queryable.ts';
import { orLogError } from './log-error.ts';

/**
 * How many entries the log has, with those that no checkpoint covers yet.
 * @throws CountersignError `log_unavailable`
 */
export async function logSize(db: Queryable): Promise<number> {
  const { rows } = await orLogError(db.query<{ size: string }>('select size from audit.head'));
  return Number(rows[0]?.size ?? 0);
}
