import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';

/**
 * Ids of open changes with words to stop that their workflows have not heard, at most `limit`.
 * @throws CountersignError `log_unavailable`
 */
export async function listUntold(db: Queryable, limit = 200): Promise<string[]> {
  try {
    const { rows } = await db.query<{ id: string }>(
      // There are far fewer words than changes; an index on the type finds them.
      `select c.id from audit.entry e join countersign.change c on c.id = e.change_id
        where e.type in ('stop.requested', 'stop.lifted') and c.closed_at is null
        group by c.id having count(*) > coalesce((c.document->>'stopWords')::numeric, 0)
        order by min(e.id) limit $1`,
      [limit],
    );
    return rows.map(({ id }) => id);
  } catch (error) {
    throw asLogError(error);
  }
}
