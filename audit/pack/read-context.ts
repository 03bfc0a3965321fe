import { CountersignError } from '../../domain/error.ts';
import { machineIssuer } from '../../domain/person.ts';
import type { PersonId } from '../../domain/person.ts';
import type { Queryable } from '../../store/queryable.ts';
import { bodyOf } from '../read-body.ts';
import { debtTypes, rotationTypes } from '../../domain/context-entry.ts';
import { askedBy, contextOf } from './context.ts';
import type { Indexed } from './context.ts';

/** An entry, and its id in Postgres. */
interface Located extends Indexed {
  readonly id: string;
}

/**
 * The ids of the entries that a checkpoint of `size` has and by which a change is judged; see {@link contextOf}.
 * @throws CountersignError `not_found` where none of them asks for the change: others may mention any id
 */
export async function readContext(db: Queryable, changeId: string, size: number): Promise<string[]> {
  const own = await read(db, 'e.change_id = $1', [changeId], size);
  const asked = askedBy(own);
  if (asked === null) {
    throw new CountersignError(
      'not_found',
      `no entry under the log’s checkpoint asks for change ${changeId}; what is new is under the next one`,
    );
  }
  const { policyKey, token, debtor, last } = asked;
  const named = await read(
    db,
    `(e.event_key = $1
      or e.type in ('freeze.declared', 'freeze.lifted', 'calendar.loaded', 'operations.loaded', 'policy.revoked')
      or e.type in ('token.issued', 'token.revoked') and position(convert_to($2, 'UTF8') in e.bytes) > 0)`,
    [policyKey, token],
    last,
  );
  const debts = debtor === null ? [] : await readDebts(db, debtor, last);
  const rotations = await read(db, 'e.type = any($1)', [rotationTypes], size);
  const candidates = [...named, ...debts, ...rotations].sort((a, b) => a.index - b.index);
  return contextOf(asked, candidates).map(({ id }) => id);
}

/** What is told of the break-glass changes that somebody answers for: their own, and those of the tokens that they issued. */
async function readDebts(db: Queryable, { issuer, subject }: PersonId, before: number): Promise<Located[]> {
  const { rows } = await db.query<{ change_id: string }>(
    `select r.change_id
       from audit.entry r
      where r.type = 'change.requested' and position('"breakGlass":true'::bytea in r.bytes) > 0
        and r.actor in (
          select $1
           union all
          select $2 || (convert_from(t.bytes, 'UTF8')::jsonb #>> '{token,id}')
            from audit.entry t where t.type = 'token.issued' and t.actor = $1)`,
    [`${issuer} ${subject}`, `${machineIssuer} `],
  );
  const ids = rows.map(({ change_id }) => change_id);
  return read(db, 'e.change_id = any($1) and e.type = any($2)', [ids, debtTypes], before);
}

async function read(
  db: Queryable,
  where: string,
  values: readonly unknown[],
  before: number,
): Promise<Located[]> {
  const { rows } = await db.query<{ id: string; index: string; bytes: Buffer }>(
    `select e.id, l.index, e.bytes
       from audit.entry e join audit.leaf l on l.entry_id = e.id
      where ${where} and l.index < $${values.length + 1}
      order by l.index`,
    [...values, before],
  );
  return rows.map(({ id, index, bytes }) => ({ id, index: Number(index), body: bodyOf(bytes) }));
}
