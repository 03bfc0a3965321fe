import type { Queryable } from './queryable.ts';

/** What a subscription is behind with. */
export interface Backlog {
  /** Changes with entries that are not delivered, dead letters among them. */
  readonly behind: number;
  readonly deadLetters: number;
  /** Since when the oldest of them is to be delivered, ISO 8601; null where nothing is. */
  readonly oldestDueSince: string | null;
  /** The delivery that has failed for longest. */
  readonly oldestFailure: {
    readonly changeId: string;
    readonly since: string;
    readonly attempts: number;
    readonly nextAt: string | null;
    readonly error: string;
  } | null;
}

interface Row {
  subscription: string;
  behind: string;
  dead: string;
  oldest: Date;
  failure: Backlog['oldestFailure'];
}

export const noBacklog: Backlog = { behind: 0, deadLetters: 0, oldestDueSince: null, oldestFailure: null };

/**
 * The backlog of each subscription that has one, by its name.
 * @param name - of one only; null: of all
 */
export async function readBacklog(db: Queryable, name: string | null = null): Promise<Map<string, Backlog>> {
  const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  const { rows } = await db.query<Row>(
    `select o.subscription, count(*) as behind, count(o.dead_since) as dead, min(o.due_since) as oldest,
            (select jsonb_build_object('changeId', f.change_id, 'since', ${iso('f.first_failed_at')},
                      'attempts', f.attempts, 'error', coalesce(f.last_error, ''),
                      'nextAt', case when f.dead_since is null then ${iso('f.next_at')} end)
               from countersign.outbox f
              where f.subscription = o.subscription and f.wanted_index > f.last_index and f.first_failed_at is not null
              order by f.first_failed_at limit 1) as failure
       from countersign.outbox o
      where o.wanted_index > o.last_index and ($1::text is null or o.subscription = $1)
      group by o.subscription`,
    [name],
  );
  return new Map(
    rows.map(({ subscription, behind, dead, oldest, failure }) => [
      subscription,
      {
        behind: Number(behind),
        deadLetters: Number(dead),
        oldestDueSince: oldest.toISOString(),
        oldestFailure: failure,
      },
    ]),
  );
}
