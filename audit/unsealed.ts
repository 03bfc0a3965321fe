import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';

/** What of the log no published checkpoint covers. */
export interface Unsealed {
  readonly entries: number;
  /** For how long the oldest of them has waited; 0 when there are none. */
  readonly seconds: number;
}

/**
 * How far the checkpoints are behind. Some hundred ms are usual; a minute means that the signer is away or refuses, and then no
 * call is made.
 *
 * @throws CountersignError `log_unavailable`
 */
export async function readUnsealed(db: Queryable): Promise<Unsealed> {
  try {
    const { rows } = await db.query<Unsealed>(
      `select (h.size - s.size + (select count(*) from audit.pending))::int as entries,
              greatest(0, coalesce(extract(epoch from now() - coalesce(
                (select e.appended_at from audit.leaf l join audit.entry e on e.id = l.entry_id where l.index = s.size),
                (select e.appended_at from audit.pending p join audit.entry e on e.id = p.entry_id
                  order by p.entry_id limit 1))), 0))::float8 as seconds
         from audit.head h, (select coalesce(max(size), 0) as size from audit.checkpoint) s`,
    );
    return rows[0] ?? { entries: 0, seconds: 0 };
  } catch (error) {
    throw asLogError(error);
  }
}
