import type { Pool, PoolClient } from 'pg';
import type { EntryBody } from '../../domain/entry.ts';
import { countsIf, namesWriter } from '../../domain/entry-writer.ts';
import type { IsWritten } from '../../domain/entry-writer.ts';
import { CountersignError } from '../../domain/error.ts';
import { eventIn } from '../../domain/event-in.ts';
import { fold } from '../../domain/fold.ts';
import { overrideIn } from '../../domain/rule-entries.ts';
import type { PolicyOf } from '../../domain/policy-entry.ts';
import { asLogError, orLogError } from '../log-error.ts';
import { unreadableType } from '../read-body.ts';
import { readPolicies } from '../read-policies.ts';
import { differencesOf } from './differences.ts';
import type { FieldDifference, Stored } from './differences.ts';
import { readEntries, readStored } from './read-stored.ts';
import type { CountedEntry } from './read-stored.ts';
import { inSnapshot } from './snapshot.ts';

/** A change whose rows are not what its entries make them. */
export interface ChangeDifference {
  readonly changeId: string;
  readonly fields: readonly FieldDifference[];
}

/** Changes that were compared at once. */
export interface ComparedPage {
  readonly compared: number;
  readonly differences: readonly ChangeDifference[];
  /** The id that the next page begins with; null after the last page. */
  readonly next: string | null;
}

/** Changes of a page: their entries are in memory at once. */
export const pageSize = 100;

/** Tables whose rows name a change, also one that is not there, and keep others from something. */
const holding = ['open_target', 'open_ticket', 'break_glass', 'freeze_override'] as const;

const heldFrom = (table: string) =>
  `union (select change_id from countersign.${table} where change_id >= $1 order by 1 limit $2)`;

const nothingStored: Stored = {
  ...{ change: null, closedAt: null, attempts: [], openTarget: null, openTickets: [] },
  ...{ keys: [], breakGlass: null, overrides: [] },
};

/**
 * Compares some changes with the fold of their entries, in one snapshot of the database, so that nothing that is being
 * written is taken for a difference.
 *
 * @param isWritten - whether a key of the API wrote an entry; default: whether it names one
 * @throws CountersignError `log_unavailable`
 */
export async function compareChanges(
  pool: Pool,
  ids: readonly string[],
  isWritten: IsWritten = namesWriter,
): Promise<ChangeDifference[]> {
  return await inSnapshot(pool, (client) => compareIn(client, ids, isWritten));
}

/**
 * The changes that entries after one tell of, and the last of these entries: what has moved since.
 *
 * @param after - an entry's id in the table; null: from now on
 * @throws CountersignError `log_unavailable`
 */
export async function changesSince(
  pool: Pool,
  after: string | null,
): Promise<{ readonly ids: readonly string[]; readonly last: string | null }> {
  try {
    const { rows } = await pool.query<{ ids: string[] | null; last: string | null }>({
      name: 'changes-since',
      text: `select array_agg(distinct change_id) filter (where change_id is not null) as ids,
          coalesce(max(id), $1::bigint, (select max(id) from audit.entry))::text as last
        from (select id, change_id from audit.entry
          where id > coalesce($1::bigint, (select max(id) from audit.entry)) order by id limit $2) moved`,
      values: [after, pageSize * 10],
    });
    return { ids: rows[0]?.ids ?? [], last: rows[0]?.last ?? after };
  } catch (error) {
    throw asLogError(error);
  }
}

/**
 * Whether the log or a row knows a change.
 * @throws CountersignError `log_unavailable`
 */
export async function isKnownChange(pool: Pool, id: string): Promise<boolean> {
  const tables = ['countersign.change', ...holding.map((table) => `countersign.${table}`), 'audit.entry'];
  const { rows } = await orLogError(
    pool.query<{ known: boolean }>({
      name: 'compare-known',
      text: `select ${tables
        .map(
          (table) =>
            `exists (select from ${table} where ${table.endsWith('.change') ? 'id' : 'change_id'} = $1)`,
        )
        .join(' or ')} as known`,
      values: [id],
    }),
  );
  return rows[0]?.known === true;
}

/** Before every other id. */
const firstId = '00000000-0000-0000-0000-000000000000';

/**
 * Compares a page of all changes that the log knows or that a row names, by their ids.
 *
 * @param from - `next` of the page before: the id that the page begins with; null for the first page
 * @param isWritten - as for {@link compareChanges}
 * @throws CountersignError `log_unavailable`
 */
export async function comparePage(
  pool: Pool,
  from: string | null,
  isWritten: IsWritten = namesWriter,
): Promise<ComparedPage> {
  return await inSnapshot(pool, async (client) => {
    const { rows } = await client.query<{ id: string }>({
      name: 'compare-page',
      text: `select id from (
          (select id from countersign.change where id >= $1 order by id limit $2)
          union
          (select distinct change_id as id from audit.entry where change_id >= $1 order by 1 limit $2)
          ${holding.map(heldFrom).join('\n          ')}
        ) known order by id limit $2`,
      values: [from ?? firstId, pageSize + 1],
    });
    const ids = rows.slice(0, pageSize).map(({ id }) => id);
    const differences = await compareIn(client, ids, isWritten);
    return { compared: ids.length, differences, next: rows[pageSize]?.id ?? null };
  });
}

async function compareIn(
  client: PoolClient,
  ids: readonly string[],
  isWritten: IsWritten,
): Promise<ChangeDifference[]> {
  const [entries, stored] = [await readEntries(client, ids), await readStored(client, ids)];
  const bodiesOf = (changeId: string) => (entries.get(changeId) ?? []).map(({ body }) => body);
  const policyOf = await readPolicies(client, ids.flatMap(bodiesOf));
  return ids.flatMap((changeId) => {
    const fields = [
      ...outsideLog(entries.get(changeId) ?? []),
      ...compared(
        bodiesOf(changeId).filter(countsIf(isWritten)),
        policyOf,
        stored.get(changeId) ?? nothingStored,
      ),
    ];
    return fields.length === 0 ? [] : [{ changeId, fields }];
  });
}

/** Entries are in the tree or wait for it: one that does neither was cut out of the tree, or put beside it. */
function outsideLog(entries: readonly CountedEntry[]): FieldDifference[] {
  return entries
    .filter(({ isInLog }) => !isInLog)
    .map(({ body: { type, time } }) => ({
      field: 'entries',
      logged: 'it is not in the tree',
      stored: `${type} of ${time}`,
    }));
}

function compared(
  entries: readonly EntryBody[],
  policyOf: PolicyOf,
  stored: Stored,
): readonly FieldDifference[] {
  try {
    if (entries.some(({ type }) => (type as string) === unreadableType)) {
      throw new CountersignError('integrity_conflict', 'the bytes of one are no entry');
    }
    const events = entries.flatMap((body) => eventIn(body, policyOf) ?? []);
    const told = {
      readTickets: entries.flatMap(ticketIn),
      overrides: entries.filter(({ type }) => type === 'freeze.overridden').map(overrideIn),
    };
    return differencesOf(fold(events), stored, told);
  } catch (error) {
    const expected = [TypeError, RangeError, CountersignError];
    if (!(error instanceof Error) || !expected.some((kind) => error instanceof kind)) throw error;
    return [{ field: 'entries', logged: `they cannot be understood: ${error.message}`, stored: null }];
  }
}

/** The id that an entry tells of the change's ticket, as `<system>:<id>`. */
function ticketIn({ type, ticket, read }: EntryBody): string[] {
  const { id } = (read ?? {}) as { id?: unknown };
  const { system } = (ticket ?? {}) as { system?: unknown };
  return type === 'ticket.checked' && typeof id === 'string' ? [`${String(system)}:${id}`] : [];
}
