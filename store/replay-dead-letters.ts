import type { Queryable } from './queryable.ts';

/** Which dead letters: that of a change, or those whose first entry is in a range of indexes, both ends included. */
export type ReplayedLetters = { readonly changeId: string } | { readonly from: number; readonly to: number };

/**
 * Has dead letters tried again, each for another day, in the order of their entries; a pause that the receiver has asked for ends.
 *
 * @param at - ISO 8601
 * @returns how many
 */
export async function replayDeadLetters(
  db: Queryable,
  subscription: string,
  which: ReplayedLetters,
  at: string,
): Promise<number> {
  const { changeId, from, to } = { changeId: null, from: null, to: null, ...which };
  const { rowCount } = await db.query(
    `with replayed as (
       update countersign.outbox set dead_since = null, attempts = 0, first_failed_at = null, next_at = $5
        where subscription = $1 and dead_since is not null
          and ($2::uuid is null or change_id = $2) and ($3::bigint is null or first_index between $3 and $4)
       returning change_id
     ), resumed as (
       update countersign.subscription set paused_until = null
        where name = $1 and paused_until is not null and exists (select from replayed)
     )
     select from replayed`,
    [subscription, changeId, from, to, at],
  );
  return rowCount ?? 0;
}
