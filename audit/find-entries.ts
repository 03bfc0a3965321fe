import type { EntryBody, EventType } from '../domain/entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';
import { bodyOf } from './read-body.ts';

/** Which entries; every member that is given must hold. */
export interface EntryFilter {
  readonly changeId?: string | undefined;
  readonly type?: EventType | undefined;
  /** A person's subject, of any issuer; `<issuer> <subject>`; or a process's name. */
  readonly actor?: string | undefined;
  readonly outcome?: string | undefined;
  /** The vendor's RequestId. */
  readonly requestId?: string | undefined;
  /** Indexes from (included) and to (excluded). */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** The entry's own time, ISO 8601, from (included) and to (excluded). */
  readonly timeFrom?: string | undefined;
  readonly timeTo?: string | undefined;
}

/** An entry that was found. */
export interface FoundEntry {
  readonly index: number;
  readonly key: string;
  readonly body: EntryBody;
  /** Lower-case hex. */
  readonly leafHash: string;
}

/**
 * Entries that have an index, in the log's order.
 *
 * @param after - only entries beyond this index; -1 for the first page
 * @throws CountersignError `log_unavailable`
 */
export async function findEntries(
  db: Queryable,
  filter: EntryFilter,
  after: number,
  limit: number,
): Promise<FoundEntry[]> {
  const values: (string | number)[] = [Math.max(after, (filter.from ?? 0) - 1), limit];
  const holds = (condition: (place: string) => string, value: string | number | undefined): string[] => {
    if (value === undefined) return [];
    values.push(value);
    return [condition(`$${values.length}`)];
  };
  const conditions = [
    'l.index > $1',
    ...holds((p) => `l.index < ${p}`, filter.to),
    ...holds((p) => `e.change_id = ${p}`, filter.changeId),
    ...holds((p) => `e.type = ${p}`, filter.type),
    // By issuer and subject the index finds it.
    ...holds(
      (p) =>
        filter.actor?.includes(' ') === true
          ? `e.actor = ${p}`
          : `(e.actor = ${p} or split_part(e.actor, ' ', 2) = ${p})`,
      filter.actor,
    ),
    ...holds((p) => `e.outcome = ${p}`, filter.outcome),
    ...holds((p) => `e.request_id = ${p}`, filter.requestId),
    ...holds((p) => `e.time >= ${p}`, filter.timeFrom),
    ...holds((p) => `e.time < ${p}`, filter.timeTo),
  ];
  try {
    const { rows } = await db.query<{ index: string; key: string; bytes: Buffer; leaf_hash: Buffer }>(
      `select l.index, e.event_key as key, e.bytes, e.leaf_hash
         from audit.leaf l join audit.entry e on e.id = l.entry_id
        where ${conditions.join(' and ')}
        order by l.index limit $2`,
      values,
    );
    return rows.map(({ index, key, bytes, leaf_hash }) => ({
      index: Number(index),
      key,
      body: bodyOf(bytes),
      leafHash: leaf_hash.toString('hex'),
    }));
  } catch (error) {
    throw asLogError(error);
  }
}
