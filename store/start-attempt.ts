import type { Attempt } from '../domain/change.ts';
import { attemptColumns, attemptOf } from './attempt-columns.ts';
import type { AttemptRow } from './attempt-columns.ts';
import type { Queryable } from './queryable.ts';

/** Which attempt of which activity starts a call, and when. */
export interface AttemptStart {
  readonly changeId: string;
  /** The id of the target that it calls for. */
  readonly target: string;
  /** `<run id>/<activity id>` of Temporal, and its attempt number: together they are one attempt of ours. */
  readonly activityId: string;
  readonly activityAttempt: number;
  /** ISO 8601. */
  readonly startedAt: string;
}

/**
 * Records the start of an attempt under the change's next ordinal. The same activity attempt again is the attempt it was.
 * The change must be kept already.
 */
export async function startAttempt(db: Queryable, start: AttemptStart): Promise<Attempt> {
  for (;;) {
    const { rows } = await db.query<AttemptRow>({
      name: 'start-attempt',
      text: `insert into countersign.attempt (change_id, ordinal, target, activity_id, activity_attempt, started_at)
       select $1::uuid, coalesce(max(ordinal), 0) + 1, $5::text, $2::text, $3::integer, $4::timestamptz
         from countersign.attempt where change_id = $1
       on conflict do nothing
       returning ${attemptColumns}`,
      values: [start.changeId, start.activityId, start.activityAttempt, start.startedAt, start.target],
    });
    const attempt = rows[0] ?? (await sameAttempt(db, start));
    if (attempt) return attemptOf(attempt);
    // Another activity of the same change has taken the ordinal meanwhile, so take the next one.
  }
}

async function sameAttempt(db: Queryable, start: AttemptStart): Promise<AttemptRow | undefined> {
  const { rows } = await db.query<AttemptRow>({
    name: 'same-attempt',
    text: `select ${attemptColumns} from countersign.attempt
      where change_id = $1 and activity_id = $2 and activity_attempt = $3`,
    values: [start.changeId, start.activityId, start.activityAttempt],
  });
  return rows[0];
}
