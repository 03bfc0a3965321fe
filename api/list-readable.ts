import type { Change } from '../domain/change.ts';
import type { ChangePage } from '../store/list-changes.ts';

/** How many changes one answer looks through at most, and how many it reads at once. */
export const mostLooked = 5000;
const mostAtOnce = 500;

/**
 * A page of those changes that are for its reader, in the order of `list`: full unless it is the last one. Only where
 * {@link mostLooked} others lie between has it fewer than `limit`, or none, while `nextCursor` leads on. Who may read
 * everything costs one look.
 *
 * @param cursorOf - the place right after a change
 */
export async function listReadable(
  list: (cursor: string | null, limit: number) => Promise<ChangePage>,
  isReadable: (change: Change) => boolean,
  cursorOf: (change: Change) => string,
  cursor: string | null,
  limit: number,
): Promise<ChangePage> {
  const changes: Change[] = [];
  let place = cursor;
  let atOnce = limit;
  for (let looked = 0; looked < mostLooked; looked += atOnce, atOnce = Math.min(2 * atOnce, mostAtOnce)) {
    const page = await list(place, Math.min(atOnce, mostLooked - looked));
    changes.push(...page.changes.filter(isReadable));
    const last = changes[limit - 1];
    if (last && changes.length > limit)
      return { changes: changes.slice(0, limit), nextCursor: cursorOf(last) };
    place = page.nextCursor;
    if (place === null || last) break;
  }
  return { changes, nextCursor: place };
}
