import { bodyOf } from '../../audit/read-body.ts';
import type { Queryable } from '../../store/queryable.ts';
import type { DeliveredEntry } from '../sink.ts';

/** All entries of a change up to an index, in order. */
export async function readHistory(db: Queryable, changeId: string, upTo: number): Promise<DeliveredEntry[]> {
  const { rows } = await db.query<{ index: string; key: string; bytes: Buffer }>({
    name: 'read-history',
    text: `select l.index, e.event_key as key, e.bytes
             from audit.entry e join audit.leaf l on l.entry_id = e.id
            where e.change_id = $1 and l.index <= $2 order by l.index`,
    values: [changeId, upTo],
  });
  return rows.map(({ index, key, bytes }) => ({ index: Number(index), key, body: bodyOf(bytes) }));
}
