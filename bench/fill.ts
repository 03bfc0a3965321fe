import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Change } from '../domain/change.ts';
import { digestTextOf } from '../domain/digest.ts';

/**
 * Fills an installation's database up to so many changes, each a copy of one that ran to its end there: its document, key,
 * attempts and log entries under another id, certificate and time. Run as the superuser, who may leave foreign keys
 * unchecked meanwhile; the copies lie in the past.
 *
 * @param times - `past`: each copy has a time and a digest of its own, as lists and readers need them; `model`: the model's
 * own, so that each copy is what its entries make it
 */
export async function fill(
  superuserUrl: string,
  modelId: string,
  changes: number,
  times: 'past' | 'model' = 'past',
): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('set local session_replication_role = replica');
    await client.query(
      `create temporary table copy on commit drop as
       select gen_random_uuid() as id, n, to_char(n, 'FM"COPY"00000000') as sn,
              now() - n * interval '37 seconds' as at
         from generate_series(1, $1::int) n`,
      [changes],
    );
    // Every place where the model's id and serial number stand, in one text.
    const copied = `replace(replace(model.document::text, model.id::text, copy.id::text), model.scope->>'sn', copy.sn)::jsonb`;
    await client.query(
      `insert into countersign.change (id, version, document, submitted_at, closed_at)
       select copy.id, model.version,
              ${
                times === 'model'
                  ? `${copied}, model.submitted_at, model.closed_at`
                  : `jsonb_set(${copied},
                '{submittedAt}', to_jsonb(to_char(copy.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))),
              copy.at, copy.at + interval '1 minute'`
              }
         from copy, countersign.change model where model.id = $1`,
      [modelId],
    );
    if (times === 'past') await makeDigests(client, modelId);
    await client.query(
      `insert into countersign.idempotency_key (issuer, subject, key, change_id, body_digest)
       select key.issuer, key.subject, copy.id::text, copy.id, key.body_digest
         from copy, countersign.idempotency_key key where key.change_id = $1`,
      [modelId],
    );
    await client.query(
      `insert into countersign.attempt
         (change_id, ordinal, target, activity_id, activity_attempt, started_at, sent_at, ended_at, outcome, http_status, code, request_id)
       select copy.id, model.ordinal, replace(model.target, change.scope->>'sn', copy.sn), model.activity_id,
              model.activity_attempt,
              ${times === 'model' ? 'model.started_at, model.sent_at, model.ended_at' : 'copy.at, copy.at, copy.at'},
              model.outcome, model.http_status, model.code,
              ${times === 'model' ? 'model.request_id' : 'gen_random_uuid()::text'}
         from copy, countersign.attempt model join countersign.change change on change.id = model.change_id
        where model.change_id = $1`,
      [modelId],
    );
    await client.query(
      `create temporary table entry_copy on commit drop as
       select row_number() over (order by copy.n desc, model.id) as place, copy.id as change_id, model.type,
              model.actor, model.outcome, copy.at,
              replace(model.event_key, $1::text, copy.id::text) as event_key,
              convert_to(
                replace(replace(replace(convert_from(model.bytes, 'UTF8'), $1::text, copy.id::text),
                  change.scope->>'sn', copy.sn), coalesce(key.key, $1::text), copy.id::text),
                'UTF8') as bytes
         from copy, audit.entry model, countersign.change change
              left join countersign.idempotency_key key on key.change_id = change.id
        where model.change_id = $1::uuid and change.id = $1::uuid`,
      [modelId],
    );
    await client.query(
      `with added as (
         insert into audit.entry (event_key, bytes, leaf_hash, type, change_id, actor, outcome, request_id, time)
         select event_key, bytes, sha256('\\x00'::bytea || bytes), type, change_id, actor, outcome,
                gen_random_uuid()::text, at
           from entry_copy order by place
         returning id)
       insert into audit.leaf (index, entry_id)
       select (select size from audit.head) + row_number() over (order by id) - 1, id from added`,
    );
    await client.query(
      'select audit.extend_tree(size, (select max(index) + 1 from audit.leaf)) from audit.head',
    );
    await client.query('update audit.head set size = (select max(index) + 1 from audit.leaf)');
    await client.query('commit');
    // As autovacuum would have done long ago.
    await client.query('vacuum (analyze)');
    await client.query('checkpoint');
    await untilSealed(client);
  } finally {
    await client.end();
  }
}

/** Each copy has the digest of what it says: otherwise nobody would be shown it. */
async function makeDigests(client: pg.Client, modelId: string): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await client.query<{ id: string; document: Change }>(
      'select id, document from countersign.change where id > $1 and id <> $2 order by id limit 2000',
      [after, modelId],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    const digests = rows.map(({ document: change }) =>
      hash('sha256', digestTextOf(change, change.snapshot, change.round)),
    );
    await client.query(
      `update countersign.change change set document = jsonb_set(document, '{digest}', to_jsonb(made.digest))
         from unnest($1::uuid[], $2::text[]) as made (id, digest) where change.id = made.id`,
      [rows.map(({ id }) => id), digests],
    );
    after = last.id;
  }
}

/** The signer hashes what was added under it: hundreds of thousands of entries, and not beside what is measured. */
async function untilSealed(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ sealed: boolean }>(
      `select coalesce((select max(size) from audit.checkpoint), 0) >= (select size from audit.head) as sealed`,
    );
    if (rows[0]?.sealed === true) return;
    await delay(500);
  }
}
