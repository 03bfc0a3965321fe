import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from 'kysely';
import type { Change } from '../domain/change.ts';
import type { PersonId } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';
import type { DecisionStatus, ExecutionStatus, ReviewStatus } from '../domain/status.ts';
import { mayBeAwaited } from './awaited-by.ts';
import type { Awaited } from './awaited-by.ts';
import { decodeCursor, encodeCursor } from './change-cursor.ts';
import type { Queryable } from './queryable.ts';
import { storedChange } from './stored-change.ts';
import type { StoredChange } from './stored-change.ts';

/** Which changes; every member that is given must hold. */
export interface ChangeFilter {
  readonly decisionStatus?: DecisionStatus | undefined;
  readonly executionStatus?: ExecutionStatus | undefined;
  readonly reviewStatus?: ReviewStatus | undefined;
  readonly operation?: string | undefined;
  /** Members that the target's scope has, each with its value. */
  readonly scope?: Readonly<Record<string, string>> | undefined;
  /** The requester's subject, of any issuer unless one is given. */
  readonly requester?: { readonly subject: string; readonly issuer?: string | undefined } | undefined;
  /** The ticket's id. */
  readonly ticket?: string | undefined;
  /** The vendor's RequestId of one of its attempts. */
  readonly requestId?: string | undefined;
  /** Submitted from this moment (included) until that one (excluded), ISO 8601. */
  readonly submittedFrom?: string | undefined;
  readonly submittedTo?: string | undefined;
  /** Changes of which this person has decided some round, also where the decision no longer counts. */
  readonly decidedBy?: PersonId | undefined;
  /**
   * Changes that this person may be awaited to decide at `now` (ms since the epoch): pending, read, before decide-by, not
   * their own, not decided by them, with a seat of the open stage in whose groups they are. Whether they are awaited,
   * `refusalToDecide` says of each.
   */
  readonly awaitingPerson?: Awaited | undefined;
  /** Only changes that this person requested, for somebody who may see no others. */
  readonly visibleTo?: PersonId | undefined;
}

/** One page, newest first. */
export interface ChangePage {
  readonly changes: Change[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

interface ChangeTable {
  id: string;
  version: string;
  document: Change;
  operation: string;
  requester_issuer: string;
  requester_subject: string;
  ticket: string | null;
  decision_status: string;
  execution_status: string;
  review_status: string;
  submitted_at: string;
}

/** Only composes statements; `pg` runs the text on the caller's connection. */
const composer = new Kysely<{ 'countersign.change': ChangeTable }>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/**
 * A page of changes, newest first by submission, without gaps or repetitions while others are submitted.
 *
 * @param cursor - `nextCursor` of the page before, or null for the first
 * @param limit - most changes of the page
 * @throws CountersignError `invalid_request` for a cursor that is none
 */
export async function listChanges(
  db: Queryable,
  filter: ChangeFilter,
  cursor: string | null,
  limit: number,
): Promise<ChangePage> {
  const query = listChangesQuery(filter, cursor, limit);
  const { rows } = await db.query<StoredChange>(query.sql, [...query.parameters]);
  const changes = rows.slice(0, limit).map(storedChange);
  const last = rows.length > limit ? changes.at(-1) : undefined;
  return { changes, nextCursor: last === undefined ? null : encodeCursor(last) };
}

/** The statement of {@link listChanges}: asks for one change more than the page has, to know whether another follows. */
export function listChangesQuery(
  filter: ChangeFilter,
  cursor: string | null,
  limit: number,
): { readonly sql: string; readonly parameters: readonly unknown[] } {
  let query = composer
    .selectFrom('countersign.change')
    .select([
      'id',
      'version',
      'document',
      sql<string>`to_char(submitted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`.as(
        'submittedAt',
      ),
    ])
    .orderBy('submitted_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1);
  const equal = {
    operation: filter.operation,
    ticket: filter.ticket,
    decision_status: filter.decisionStatus,
    execution_status: filter.executionStatus,
    review_status: filter.reviewStatus,
    requester_subject: filter.requester?.subject,
    requester_issuer: filter.requester?.issuer,
  } as const;
  for (const [column, value] of Object.entries(equal) as [keyof typeof equal, string | undefined][]) {
    if (value !== undefined) query = query.where(column, '=', value);
  }
  const { scope = {} } = filter;
  if (Object.keys(scope).length > 0) {
    query = query.where(sql<boolean>`scope @> ${JSON.stringify(scope)}::jsonb`);
  }
  if (filter.requestId !== undefined) {
    query = query.where(
      sql<boolean>`id in (select change_id from countersign.attempt where request_id = ${filter.requestId})`,
    );
  }
  if (filter.submittedFrom !== undefined) {
    query = query.where(sql<boolean>`submitted_at >= ${filter.submittedFrom}::timestamptz`);
  }
  if (filter.submittedTo !== undefined) {
    query = query.where(sql<boolean>`submitted_at < ${filter.submittedTo}::timestamptz`);
  }
  if (filter.decidedBy) {
    const { issuer, subject } = filter.decidedBy;
    query = query
      // By its index; another issuer may have the same subject.
      .where(sql<boolean>`deciders <> '[]' and deciders @> ${JSON.stringify([subject])}::jsonb`)
      .where(
        sql<boolean>`document->'decisions' @> ${JSON.stringify([{ person: { issuer, subject } }])}::jsonb`,
      );
  }
  if (filter.visibleTo) {
    query = query
      .where('requester_subject', '=', filter.visibleTo.subject)
      .where('requester_issuer', '=', filter.visibleTo.issuer);
  }
  if (filter.awaitingPerson) {
    const { issuer, subject, now } = filter.awaitingPerson;
    const decidedByThem = JSON.stringify([{ counts: true, person: { issuer, subject } }]);
    query = query
      .where('decision_status', '=', 'pending')
      .where(sql<boolean>`document->>'digest' is not null`)
      // As text, which is in the order of the times: a cast would fail on a row that holds something else.
      .where(sql<boolean>`document->>'decideBy' collate "C" > ${isoTime(now)}`)
      .where(sql<boolean>`(requester_issuer, requester_subject) <> (${issuer}, ${subject})`)
      .where(sql<boolean>`not document->'decisions' @> ${decidedByThem}::jsonb`)
      .where(mayBeAwaited(filter.awaitingPerson));
  }
  if (cursor !== null) {
    const place = decodeCursor(cursor);
    query = query.where(
      sql<boolean>`(submitted_at, id) < (${place.submittedAt}::timestamptz, ${place.id}::uuid)`,
    );
  }
  return query.compile();
}
