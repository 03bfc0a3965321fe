import type { Queryable } from '../../store/queryable.ts';
import { orLogError } from '../log-error.ts';

/** What of the log is sealed and was not forwarded yet. */
export interface ForwardBacklog {
  readonly entries: number;
  /** For how long the oldest of them has been sealed; 0 when there are none. */
  readonly seconds: number;
}

/**
 * How far a place is behind that has so many entries.
 * @throws CountersignError `log_unavailable`
 */
export async function readForwardBacklog(db: Queryable, forwarded: number): Promise<ForwardBacklog> {
  const { rows } = await orLogError(
    db.query<ForwardBacklog>(
      `select greatest(0, coalesce((select max(size) from audit.checkpoint), 0) - $1::bigint)::int as entries,
              greatest(0, coalesce(extract(epoch from now() - (select signed_at from audit.checkpoint
                where size > $1::bigint order by size limit 1)), 0))::float8 as seconds`,
      [forwarded],
    ),
  );
  return rows[0] ?? { entries: 0, seconds: 0 };
}
