import { bodyOf } from '../../audit/read-body.ts';
import type { Queryable } from '../../store/queryable.ts';
import type { History } from './read-history.ts';

/**
 * The entries of no change that are to be delivered; who has read the log is told of nobody.
 *
 * @param firstIndex - the oldest that is not delivered
 * @param wantedIndex - the newest entry that is to be
 * @param most - at most so many
 */
export async function readBeyondChanges(
  db: Queryable,
  { firstIndex, wantedIndex }: { readonly firstIndex: number; readonly wantedIndex: number },
  most: number,
): Promise<History> {
  const { rows } = await db.query<{ index: string; key: string; bytes: Buffer }>({
    name: 'read-beyond-changes',
    text: `select l.index, e.event_key as key, e.bytes
             from audit.leaf l join audit.entry e on e.id = l.entry_id
            where l.index >= $1 and l.index <= $2 and e.change_id is null and e.type not like 'audit.%'
            order by l.index limit $3`,
    values: [firstIndex, wantedIndex, most],
  });
  const entries = rows.map(({ index, key, bytes }) => ({ index: Number(index), key, body: bodyOf(bytes) }));
  const last = entries.at(-1);
  return { entries, upTo: last !== undefined && entries.length === most ? last.index : wantedIndex };
}
