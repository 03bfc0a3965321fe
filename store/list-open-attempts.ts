import type { Attempt } from '../domain/change.ts';
import { attemptColumns, attemptOf } from './attempt-columns.ts';
import type { AttemptRow } from './attempt-columns.ts';
import type { Queryable } from './queryable.ts';

/** The attempts of a change whose end nobody has recorded, in order: their worker may have died during the call. */
export async function listOpenAttempts(db: Queryable, changeId: string): Promise<Attempt[]> {
  const { rows } = await db.query<AttemptRow>({
    name: 'list-open-attempts',
    text: `select ${attemptColumns} from countersign.attempt
      where change_id = $1 and outcome = 'open' order by ordinal`,
    values: [changeId],
  });
  return rows.map(attemptOf);
}
