import type { Pool, PoolClient } from 'pg';
import type { EntryBody } from '../../domain/entry.ts';
import { countsIf, namesWriter } from '../../domain/entry-writer.ts';
import type { IsWritten } from '../../domain/entry-writer.ts';
import { CountersignError } from '../../domain/error.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import {
  freezeIn,
  revocationIn,
  ruleIdIn,
  ruleKinds,
  ruleTypes,
  tokenIn,
} from '../../domain/rule-entries.ts';
import type { LoggedRules, RuleKind, RuleRef } from '../../domain/rule-entries.ts';
import { isInLog } from '../../store/is-in-log.ts';
import { bodyOf } from '../read-body.ts';
import { freezeRow, revocationRow, tokenRow } from '../rule-rows.ts';
import { compareField, plain } from './differences.ts';
import type { FieldDifference } from './differences.ts';
import { inSnapshot } from './snapshot.ts';

/** A freeze, a revoked policy or an API token whose row is not what its entries make it. */
export interface RuleDifference extends RuleRef {
  readonly fields: readonly FieldDifference[];
}

/** Rules that were compared at once. */
export interface ComparedRules {
  readonly compared: number;
  readonly differences: readonly RuleDifference[];
  /** Where the next page begins; null after the last one. */
  readonly next: RulePlace | null;
}

/** A place among all rows, and then all entries, of each kind of rule. */
export interface RulePlace {
  readonly rule: RuleKind;
  readonly of: 'rows' | 'entries';
  /** The last row's id, or the last entry's in the table; null: from the first on. */
  readonly after: string | null;
}

/** Rules of a page. */
const pageSize = 100;

/** Less than every id. */
const beforeAllIds = `'00000000-0000-0000-0000-000000000000'::uuid`;

const tables = {
  freeze: { name: 'freeze', id: 'id', type: 'uuid', first: beforeAllIds, row: freezeRow },
  revocation: { name: 'policy_revocation', id: 'digest', type: 'text', first: `''`, row: revocationRow },
  token: { name: 'api_token', id: 'id', type: 'uuid', first: beforeAllIds, row: tokenRow },
} as const satisfies Record<RuleKind, object>;

const folds: { readonly [K in RuleKind]: (bodies: readonly EntryBody[]) => LoggedRules[K] | null } = {
  freeze: freezeIn,
  revocation: revocationIn,
  token: tokenIn,
};

/** Where the first page begins. */
export const firstRules: RulePlace = { rule: 'freeze', of: 'rows', after: null };

/**
 * Compares some rules with the fold of their entries, in one snapshot of the database.
 *
 * @param isWritten - whether a key of the API wrote an entry; default: whether it names one
 * @throws CountersignError `log_unavailable`
 */
export async function compareRules(
  pool: Pool,
  refs: readonly RuleRef[],
  isWritten: IsWritten = namesWriter,
): Promise<RuleDifference[]> {
  return await inSnapshot(pool, async (client) => {
    const found: RuleDifference[] = [];
    for (const rule of ruleKinds) {
      const ids = refs.filter((ref) => ref.rule === rule).map(({ id }) => id);
      if (ids.length > 0) found.push(...(await compareIn(client, rule, ids, isWritten)));
    }
    return found;
  });
}

/**
 * Compares a page of all rules: of each kind first those that have a row, then those that only entries tell of.
 *
 * @param isWritten - as for {@link compareRules}
 * @throws CountersignError `log_unavailable`
 */
export async function compareRulePage(
  pool: Pool,
  place: RulePlace,
  isWritten: IsWritten = namesWriter,
): Promise<ComparedRules> {
  return await inSnapshot(pool, async (client) => {
    const page = await (place.of === 'rows' ? rowsAfter(client, place) : entriesAfter(client, place));
    const ids = place.of === 'rows' ? page.ids : await withoutRow(client, place.rule, page.ids);
    const differences = ids.length === 0 ? [] : await compareIn(client, place.rule, ids, isWritten);
    const next = page.last === null ? placeAfter(place) : { ...place, after: page.last };
    return { compared: place.of === 'rows' ? page.ids.length : 0, differences, next };
  });
}

interface Page {
  readonly ids: readonly string[];
  /** Null where the page is the last of its kind. */
  readonly last: string | null;
}

async function rowsAfter(client: PoolClient, { rule, after }: RulePlace): Promise<Page> {
  const { name, id, type, first } = tables[rule];
  const { rows } = await client.query<{ id: string }>({
    name: `rule-rows-${rule}`,
    text: `select t.${id}::text as id from countersign.${name} t
      where t.${id} > coalesce($1::${type}, ${first}) order by t.${id} limit $2`,
    values: [after, pageSize],
  });
  const ids = rows.map((row) => row.id);
  return { ids, last: ids.length < pageSize ? null : (ids.at(-1) ?? null) };
}

async function entriesAfter(client: PoolClient, { rule, after }: RulePlace): Promise<Page> {
  const [first] = ruleTypes[rule];
  const { rows } = await client.query<{ entry: string; bytes: Buffer }>({
    name: `rule-entries-${rule}`,
    text: `select id::text as entry, bytes from audit.entry
      where type = $1 and id > coalesce($2::bigint, 0) order by audit.entry.id limit $3`,
    values: [first, after, pageSize],
  });
  const ids = rows.flatMap(({ bytes }) => ruleIdIn(bodyOf(bytes)) ?? []);
  return { ids, last: rows.length < pageSize ? null : (rows.at(-1)?.entry ?? null) };
}

function placeAfter({ rule, of }: RulePlace): RulePlace | null {
  if (of === 'rows') return { rule, of: 'entries', after: null };
  const next = ruleKinds[ruleKinds.indexOf(rule) + 1];
  return next === undefined ? null : { rule: next, of: 'rows', after: null };
}

async function withoutRow(client: PoolClient, rule: RuleKind, ids: readonly string[]): Promise<string[]> {
  const stored = await readRows(client, rule, ids);
  return ids.filter((id) => !stored.has(id));
}

async function compareIn(
  client: PoolClient,
  rule: RuleKind,
  ids: readonly string[],
  isWritten: IsWritten,
): Promise<RuleDifference[]> {
  const stored = await readRows(client, rule, ids);
  const logged = await readBodies(client, rule, ids);
  return [...new Set(ids)].flatMap((id) => {
    const fields = compared(rule, (logged.get(id) ?? []).filter(countsIf(isWritten)), stored.get(id) ?? null);
    return fields.length === 0 ? [] : [{ rule, id, fields }];
  });
}

async function readRows(
  client: PoolClient,
  rule: RuleKind,
  ids: readonly string[],
): Promise<Map<string, JsonObject>> {
  const { name, id, type, row } = tables[rule];
  const { rows } = await client.query<{ id: string; row: JsonObject }>({
    name: `compare-rule-rows-${rule}`,
    text: `select ${id}::text as id, ${row} as row from countersign.${name} where ${id} = any($1::${type}[])`,
    values: [type === 'uuid' ? ids.filter(isUuid) : ids],
  });
  return new Map(rows.map((one) => [one.id, one.row]));
}

/** The entries of some rules that are, or will be, in the tree. */
async function readBodies(
  client: PoolClient,
  rule: RuleKind,
  ids: readonly string[],
): Promise<Map<string, EntryBody[]>> {
  const types = ruleTypes[rule].map((type) => `'${type}'`).join(', ');
  const { rows } = await client.query<{ bytes: Buffer }>({
    name: `compare-rule-entries-${rule}`,
    text: `select bytes from audit.entry e where type in (${types}) and audit.rule(bytes) = any($1)
        and ${isInLog('e')}
      order by e.id`,
    values: [ids],
  });
  const bodies = new Map<string, EntryBody[]>();
  for (const { bytes } of rows) {
    const body = bodyOf(bytes);
    const id = ruleIdIn(body) ?? '';
    bodies.set(id, [...(bodies.get(id) ?? []), body]);
  }
  return bodies;
}

function compared(
  rule: RuleKind,
  bodies: readonly EntryBody[],
  stored: JsonObject | null,
): readonly FieldDifference[] {
  try {
    const found: FieldDifference[] = [];
    compareField(rule, plain(folds[rule](bodies)), stored, found);
    return found;
  } catch (error) {
    const expected = [TypeError, RangeError, CountersignError];
    if (!(error instanceof Error) || !expected.some((kind) => error instanceof kind)) throw error;
    const logged: Json = `they cannot be understood: ${error.message}`;
    return [{ field: 'entries', logged, stored: null }];
  }
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
