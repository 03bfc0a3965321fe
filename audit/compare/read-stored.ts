import type { PoolClient } from 'pg';
import type { Attempt } from '../../domain/change.ts';
import { eventIn, eventTypes } from '../../domain/event-in.ts';
import type { ChangeEvent } from '../../domain/change-event.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { Folded } from '../../domain/fold.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { PersonId } from '../../domain/person.ts';
import type { Stored } from './differences.ts';

/** The events of some changes, in the order of their appending. */
export async function readEvents(
  client: PoolClient,
  ids: readonly string[],
): Promise<Map<string, ChangeEvent[]>> {
  const { rows } = await client.query<{ id: string; bytes: Buffer }>({
    name: 'compare-events',
    text: `select change_id as id, bytes from audit.entry
      where change_id = any($1::uuid[]) and type = any($2) order by audit.entry.id`,
    values: [ids, eventTypes],
  });
  const events = new Map<string, ChangeEvent[]>(ids.map((id) => [id, []]));
  for (const { id, bytes } of rows) {
    const event = eventIn(JSON.parse(bytes.toString('utf8')) as EntryBody);
    if (event) events.get(id)?.push(event);
  }
  return events;
}

interface Row {
  readonly id: string;
  readonly document: JsonObject;
  readonly version: string;
  readonly submittedAt: string;
  readonly closedAt: string | null;
  readonly target: string | null;
  readonly openTicket: string | null;
  readonly attempts: readonly Attempt[] | null;
  readonly key: Folded['key'];
  readonly breakGlass: PersonId | null;
}

const moment = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** What Postgres keeps of some changes beside the log. */
export async function readStored(client: PoolClient, ids: readonly string[]): Promise<Map<string, Stored>> {
  const { rows } = await client.query<Row>({
    name: 'compare-stored',
    text: `select c.id, c.document, c.version, ${moment('c.submitted_at')} as "submittedAt",
        ${moment('c.closed_at')} as "closedAt", t.target,
        (select json_agg(json_build_object(
            'changeId', a.change_id, 'ordinal', a.ordinal, 'target', a.target, 'startedAt', ${moment('a.started_at')},
            'sentAt', ${moment('a.sent_at')}, 'endedAt', ${moment('a.ended_at')}, 'outcome', a.outcome,
            'class', a.class, 'httpStatus', a.http_status, 'code', a.code, 'message', a.message,
            'requestId', a.request_id) order by a.ordinal)
          from countersign.attempt a where a.change_id = c.id) as attempts,
        (select json_build_object('issuer', k.issuer, 'subject', k.subject, 'key', k.key, 'bodyDigest', k.body_digest)
          from countersign.idempotency_key k where k.change_id = c.id limit 1) as key,
        (select json_build_object('issuer', b.issuer, 'subject', b.subject)
          from countersign.break_glass b where b.change_id = c.id limit 1) as "breakGlass",
        (select o.ticket from countersign.open_ticket o where o.change_id = c.id
          order by o.ticket = c.ticket desc limit 1) as "openTicket"
      from countersign.change c left join countersign.open_target t on t.change_id = c.id
      where c.id = any($1::uuid[])`,
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
  openTicket,
  attempts,
  key,
  breakGlass,
}: Row): Stored {
  const change = {
    ...document,
    // Readers take these from the row's own columns.
    version: Number(version),
    submittedAt,
    ...(closedAt === document['closedAt'] ? {} : { closedAt }),
  };
  return { change, attempts: attempts ?? [], openTarget: target, openTicket, key, breakGlass };
}
