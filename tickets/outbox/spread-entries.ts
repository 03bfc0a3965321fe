import type { Pool, PoolClient } from 'pg';
import { bodyOf } from '../../audit/read-body.ts';
import { asksBeyondChanges, isFor, noChange } from '../../domain/subscription.ts';
import type { FilteredEntry, Subscription } from '../../domain/subscription.ts';
import { toldOfTickets, toldSystemOf } from '../../domain/ticket-entries.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { lockSubscriptions } from '../../store/lock-subscriptions.ts';

type Subscribed = Pick<Subscription, 'name' | 'target' | 'filter' | 'fromIndex'>;

interface NewEntry extends Omit<FilteredEntry, 'scope'> {
  readonly index: number;
  readonly changeId: string | null;
}

/**
 * Writes down for whom the next entries of the log are: one row for each subscription and change, which says up to which entry
 * it is to be brought. The place in the log moves on in the same transaction, so each entry is spread once whoever is killed. One
 * process at a time spreads; another finds nothing to do.
 *
 * @param batch - most entries at once
 * @param at - now, ISO 8601
 * @returns how many entries were passed; 0 when there are none, or another process is at it
 */
export function spreadEntries(pool: Pool, batch: number, at: string): Promise<number> {
  return inTransaction(pool, async (client) => {
    await lockSubscriptions(client, 'spread');
    const place = await takePlace(client);
    if (place === null || place.next >= place.size) return 0;
    const subscribed = await subscriptionsOf(client);
    // Nobody wants what came before.
    const first = Math.max(place.next, Math.min(place.size, ...subscribed.map(({ fromIndex }) => fromIndex)));
    const end = subscribed.length === 0 ? place.size : Math.min(place.size, first + batch);
    if (subscribed.length > 0) {
      const asked = {
        operations: subscribed.some(({ filter }) => filter.operations !== undefined),
        beyondChanges: subscribed.some(asksBeyondChanges),
      };
      await write(client, subscribed, await newEntries(client, first, end, asked), at);
    }
    await client.query('update countersign.outbox_cursor set next_index = $1', [end]);
    return end - place.next;
  });
}

async function takePlace(client: PoolClient): Promise<{ next: number; size: number } | null> {
  const { rows } = await client.query<{ next: string; size: string }>({
    name: 'take-outbox-place',
    text: `select c.next_index as next, (select h.size from audit.head h) as size
             from countersign.outbox_cursor c for update skip locked`,
  });
  return rows[0] ? { next: Number(rows[0].next), size: Number(rows[0].size) } : null;
}

async function subscriptionsOf(client: PoolClient): Promise<Subscribed[]> {
  const { rows } = await client.query<Omit<Subscribed, 'fromIndex'> & { fromIndex: string }>({
    name: 'list-subscribed',
    // Also those that are disabled: the place in the log moves on, and what comes meanwhile waits until they are active. Whoever
    // deletes one waits for this transaction, so that its rows have something to belong to.
    text: `select name, target, filter, from_index as "fromIndex" from countersign.subscription for key share`,
  });
  return rows.map((row) => ({ ...row, fromIndex: Number(row.fromIndex) }));
}

/** @param asked - whether anybody asks for their operations, and for those of no change */
async function newEntries(
  client: PoolClient,
  first: number,
  end: number,
  asked: { readonly operations: boolean; readonly beyondChanges: boolean },
): Promise<NewEntry[]> {
  const { rows } = await client.query<{
    index: string;
    changeId: string | null;
    type: string;
    bytes: Buffer | null;
  }>({
    name: 'list-new-entries',
    text: `select l.index, e.change_id as "changeId", e.type,
                  case when $3::boolean or e.type = any($4::text[]) then e.bytes end as bytes
             from audit.leaf l join audit.entry e on e.id = l.entry_id
            where l.index >= $1 and l.index < $2 and (e.change_id is not null or $5::boolean)
            order by l.index`,
    values: [first, end, asked.operations, toldOfTickets, asked.beyondChanges],
  });
  return rows.map(({ index, changeId, type, bytes }) => {
    // An entry that somebody has edited must not hold up the others.
    const body = bytes && bodyOf(bytes);
    const [operation, toldSystem] = [body?.operation ?? null, body && toldSystemOf(body)];
    return { index: Number(index), changeId, type, operation, toldSystem };
  });
}

/** The scopes of changes' targets, as their first entries tell them. */
async function scopesOf(
  client: PoolClient,
  changeIds: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const { rows } = await client.query<{ changeId: string; bytes: Buffer }>({
    name: 'list-scopes',
    text: `select change_id as "changeId", bytes from audit.entry
            where change_id = any($1::uuid[]) and type = 'change.requested'`,
    values: [changeIds],
  });
  return new Map(
    rows.map(({ changeId, bytes }) => [changeId, (bodyOf(bytes)['scope'] ?? {}) as Record<string, string>]),
  );
}

async function write(
  client: PoolClient,
  subscribed: readonly Subscribed[],
  entries: readonly NewEntry[],
  at: string,
): Promise<void> {
  const needsScope = subscribed.some(({ filter }) => filter.scope !== undefined);
  const scopes = needsScope
    ? await scopesOf(client, [...new Set(entries.flatMap(({ changeId }) => changeId ?? []))])
    : new Map<string, Record<string, string>>();
  const wanted = new Map<string, { name: string; changeId: string; first: number; last: number }>();
  for (const { index, changeId, ...told } of entries) {
    const entry = { ...told, scope: scopes.get(changeId ?? noChange) ?? {} };
    for (const subscription of subscribed) {
      const { name, fromIndex } = subscription;
      if (index < fromIndex || !isFor(subscription, entry)) continue;
      if (changeId === null && !asksBeyondChanges(subscription)) continue;
      const row = changeId ?? noChange;
      const key = `${name} ${row}`;
      wanted.set(key, { name, changeId: row, first: wanted.get(key)?.first ?? index, last: index });
    }
  }
  if (wanted.size === 0) return;
  const rows = [...wanted.values()];
  await client.query({
    name: 'insert-outbox-rows',
    text: `insert into countersign.outbox as o
             (subscription, change_id, last_index, wanted_index, first_index, due_since, next_at)
           select w.name, w.change_id, w.first - 1, w.last, w.first, $5::timestamptz, $5::timestamptz
             from unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) as w (name, change_id, first, last)
           on conflict (subscription, change_id) do update set
             wanted_index = excluded.wanted_index,
             -- What waits already keeps its place, its delays, and whoever delivers it.
             first_index = case when o.wanted_index = o.last_index then excluded.first_index else o.first_index end,
             due_since = case when o.wanted_index = o.last_index then excluded.due_since else o.due_since end,
             next_at = case when o.wanted_index = o.last_index then excluded.next_at else o.next_at end`,
    values: [
      rows.map(({ name }) => name),
      rows.map(({ changeId }) => changeId),
      rows.map(({ first }) => first),
      rows.map(({ last }) => last),
      at,
    ],
  });
}
