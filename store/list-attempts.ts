import type { Attempt } from '../domain/change.ts';
import { attemptColumns, attemptOf } from './attempt-columns.ts';
import type { AttemptRow } from './attempt-columns.ts';
import type { Queryable } from './queryable.ts';

/** Every attempt of a change, in order. */
export async function listAttempts(db: Queryable, changeId: string): Promise<Attempt[]> {
  const { rows } = await db.query<AttemptRow>({
    name: 'list-attempts',
    text: `select ${attemptColumns} from countersign.attempt where change_id = $1 order by ordinal`,
    values: [changeId],
  });
  return rows.map(attemptOf);
}
