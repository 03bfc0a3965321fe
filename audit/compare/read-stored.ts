import type { PoolClient } from 'pg';
import type { Attempt } from '../../domain/change.ts';
import { eventTypes } from '../../domain/event-in.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { FreezeOverride } from '../../domain/freeze.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { PersonId } from '../../domain/person.ts';
import { isInLog } from '../../store/is-in-log.ts';
import { bodyOf } from '../read-body.ts';
import { overrideRow } from '../rule-rows.ts';
import type { Stored, StoredKey } from './differences.ts';

/** An entry, and whether it is, or will be, in the tree: a row that is not was put there, or the tree was edited. */
export interface CountedEntry {
  readonly body: EntryBody;
  readonly isInLog: boolean;
}

/** The entries that move some changes, or tell of their tickets or overrides, in the order of their appending. */
export async function readEntries(
  client: PoolClient,
  ids: readonly string[],
): Promise<Map<string, CountedEntry[]>> {
  const { rows } = await client.query<{ id: string; bytes: Buffer; isInLog: boolean }>({
    name: 'compare-entries',
    text: `select change_id as id, bytes, ${isInLog('e')} as "isInLog" from audit.entry e
      where change_id = any($1::uuid[]) and type = any($2) order by e.id`,
    values: [ids, [...eventTypes, 'ticket.checked', 'freeze.overridden']],
  });
  const entries = new Map<string, CountedEntry[]>(ids.map((id) => [id, []]));
  for (const { id, bytes, isInLog } of rows) entries.get(id)?.push({ body: bodyOf(bytes), isInLog });
  return entries;
}

interface Row {
  readonly id: string;
  readonly document: JsonObject | null;
  readonly version: string | null;
  readonly submittedAt: string | null;
  readonly closedAt: string | null;
  readonly target: string | null;
  readonly tickets: readonly string[] | null;
  readonly attempts: readonly Attempt[] | null;
  readonly keys: readonly StoredKey[] | null;
  readonly breakGlass: PersonId | null;
  readonly overrides: readonly FreezeOverride[] | null;
}

const moment = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
/** Each row that names a change, also one that is not there. */
const ofEach = (columns: string, table: string) =>
  `(select change_id, ${columns} from countersign.${table} where change_id = any($1::uuid[]) group by change_id)`;

/** What Postgres keeps of some changes beside the log. */
export async function readStored(client: PoolClient, ids: readonly string[]): Promise<Map<string, Stored>> {
  const attempts = `json_agg(json_build_object(
      'changeId', change_id, 'ordinal', ordinal, 'target', target, 'startedAt', ${moment('started_at')},
      'sentAt', ${moment('sent_at')}, 'endedAt', ${moment('ended_at')}, 'outcome', outcome,
      'class', class, 'httpStatus', http_status, 'code', code, 'message', message, 'requestId', request_id)
    ) as attempts`;
  const keys = `json_agg(json_build_object(
      'issuer', issuer, 'subject', subject, 'key', key, 'bodyDigest', body_digest)) as keys`;
  const { rows } = await client.query<Row>({
    name: 'compare-stored',
    text: `select wanted.id, c.document, c.version, ${moment('c.submitted_at')} as "submittedAt",
        ${moment('c.closed_at')} as "closedAt", t.target, o.tickets, a.attempts, k.keys,
        case when b.change_id is not null then json_build_object('issuer', b.issuer, 'subject', b.subject) end
          as "breakGlass", f.overrides
      from unnest($1::uuid[]) wanted (id)
      left join countersign.change c on c.id = wanted.id
      left join countersign.open_target t on t.change_id = wanted.id
      left join countersign.break_glass b on b.change_id = wanted.id
      left join ${ofEach(`array_agg(system || ':' || ticket order by system, ticket) as tickets`, 'open_ticket')} o
        on o.change_id = wanted.id
      left join ${ofEach(attempts, 'attempt')} a on a.change_id = wanted.id
      left join ${ofEach(keys, 'idempotency_key')} k on k.change_id = wanted.id
      left join ${ofEach(`json_agg(${overrideRow}) as overrides`, 'freeze_override')} f on f.change_id = wanted.id`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, storedOf(row)]));
}

function storedOf({
  document,
  version,
  submittedAt,
  closedAt,
  target,
  tickets,
  attempts,
  keys,
  breakGlass,
  overrides,
}: Row): Stored {
  return {
    // Readers take these two from the row's own columns.
    change: document && { ...document, version: Number(version), submittedAt },
    closedAt,
    attempts: attempts ?? [],
    openTarget: target,
    openTickets: tickets ?? [],
    keys: keys ?? [],
    breakGlass,
    overrides: overrides ?? [],
  };
}
