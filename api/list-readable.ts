import type { Change } from '../domain/change.ts';
import type { ChangePage } from '../store/list-changes.ts';

/** Pages of the store that one answer looks through at most. */
const mostLooks = 20;

/**
 * A page of those changes that its reader may read, in the order of `list`. Where most of what was found is not for them
 * it has fewer than `limit`, or none, while `nextCursor` leads on.
 */
export async function listReadable(
  list: (cursor: string | null, limit: number) => Promise<ChangePage>,
  isReadable: (change: Change) => boolean,
  cursor: string | null,
  limit: number,
): Promise<ChangePage> {
  const changes: Change[] = [];
  let place = cursor;
  for (let looks = 0; looks < mostLooks; looks += 1) {
    const page = await list(place, limit - changes.length);
    changes.push(...page.changes.filter(isReadable));
    place = page.nextCursor;
    if (place === null || changes.length === limit) break;
  }
  return { changes, nextCursor: place };
}
