import { canonicalJson } from '../domain/canonical-json.ts';
import type { EntryBody, EntryDraft } from '../domain/entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { appendEntry } from './append.ts';
import { asLogError } from './log-error.ts';
import { bodyOf } from './read-body.ts';

/**
 * Appends an entry, unless the newest of its type says the same at another time. Two processes that ask at once may both
 * append theirs.
 *
 * @returns whether it was news
 * @throws CountersignError as `appendEntry`
 */
export async function appendNews(db: Queryable, draft: EntryDraft): Promise<boolean> {
  const newest = await findNewest(db, draft.body.type);
  if (newest !== null && said(newest) === said(draft.body)) return false;
  await appendEntry(db, draft);
  return true;
}

function said(body: EntryBody): string {
  return canonicalJson({ ...body, time: '' });
}

async function findNewest(db: Queryable, type: string): Promise<EntryBody | null> {
  try {
    const { rows } = await db.query<{ bytes: Buffer }>({
      name: 'find-newest',
      text: 'select bytes from audit.entry where type = $1 order by id desc limit 1',
      values: [type],
    });
    return rows[0] ? bodyOf(rows[0].bytes) : null;
  } catch (error) {
    throw asLogError(error);
  }
}
