import type { AttemptStart } from './start-attempt.ts';
import type { Queryable } from './queryable.ts';

/**
 * Whether a later activity of the change, or a later attempt of the same one, has begun an attempt of its own since this one
 * was scheduled. Then Temporal has given this one up; its worker stood still and does not know.
 *
 * @param scheduledAt - ISO 8601: when Temporal scheduled this attempt of the activity; what is older belongs to a run before a reset
 */
export async function isSuperseded(
  db: Queryable,
  { changeId, activityId, activityAttempt }: Omit<AttemptStart, 'target' | 'startedAt'>,
  scheduledAt: string,
): Promise<boolean> {
  const { rows } = await db.query<{ superseded: boolean }>({
    name: 'is-superseded',
    text: `select exists (
        select from countersign.attempt
         where change_id = $1 and started_at > $4::timestamptz
           and case when activity_id = $2 then activity_attempt > $3
                    -- Of another run, which has begun since.
                    when split_part(activity_id, '/', 1) <> split_part($2::text, '/', 1) then true
                    when concat(split_part(activity_id, '/', 2), ' ', split_part($2::text, '/', 2)) ~ '^\\d{1,9} \\d{1,9}$'
                    then split_part(activity_id, '/', 2)::integer > split_part($2::text, '/', 2)::integer
                    else false end) as superseded`,
    values: [changeId, activityId, activityAttempt, scheduledAt],
  });
  return rows[0]?.superseded === true;
}
