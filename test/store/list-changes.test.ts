import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Change, Decision } from '../../domain/change.ts';
import { isoTime } from '../../domain/time.ts';
import { listChanges, listChangesQuery } from '../../store/list-changes.ts';
import type { ChangeFilter } from '../../store/list-changes.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { change, person } from './change-fixture.ts';

let database: TestDatabase;
let worker: pg.Pool;
let api: pg.Pool;
let all: Change[];
/** The one with an attempt of this RequestId. */
let called: string;

interface Plan {
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
}

const people = ['alice', 'erin', 'grace'];
const start = Date.parse('2026-11-01T00:00:00.000Z');

/** Newest first; three of each moment, so that only the id tells them apart. */
const newestFirst = (a: Change, b: Change): number =>
  b.submittedAt.localeCompare(a.submittedAt) || b.id.localeCompare(a.id);

function approval(subject: string, counts = true): Decision {
  return {
    decision: 'approve',
    comment: '',
    person: person(subject),
    digest: 'd',
    round: 1,
    stage: 'one',
    at: '',
    counts,
  };
}

/** Pending, read, and before decide-by. */
const decidable = (c: Change): boolean =>
  c.decisionStatus === 'pending' && c.digest !== null && c.decideBy > isoTime(start);

beforeAll(async () => {
  database = await cloneDatabase();
  const pool = (role: 'api' | 'worker'): pg.Pool =>
    makePool({ connectionString: database.url(role), applicationName: 'test' });
  [api, worker] = [pool('api'), pool('worker')];
  all = Array.from({ length: 60 }, (_, n) =>
    change({
      submittedAt: new Date(start + Math.floor(n / 3)).toISOString(),
      requester: { ...person(people[n % 3] ?? ''), issuer: `https://id-${n % 2}.example` },
      operation: n % 10 === 0 ? 'Other' : 'ActiveCaCertificate',
      input: { regionId: 'cn-hangzhou', mqttInstanceId: `post-${n % 4}`, sn: `sn-${n % 5}` },
      ticket: n % 6 === 0 ? { system: 'jira', id: `T-${n % 12}`, url: null } : null,
      decisionStatus: n % 3 === 0 ? 'approved' : 'pending',
      executionStatus: n % 9 === 0 ? 'succeeded' : 'not_started',
      reviewStatus: n % 20 === 0 ? 'owed' : 'none',
      policy: { ...fourEyes, groups: { security: { source: 'token' } } },
      decisions: n % 7 === 0 ? [approval('bob')] : n % 7 === 1 ? [approval('bob', false)] : [],
      missing: [{ stage: 'one', group: n % 4 === 0 ? 'security' : null, seats: 1, alsoFrom: [] }],
      decideBy: n % 5 === 1 ? isoTime(start) : isoTime(start + 1),
      digest: n % 5 === 2 ? null : 'f'.repeat(64),
    }),
  );
  for (const one of all) await saveChange(worker, one);
  called = all[7]?.id ?? '';
  for (const [n, changeId] of [called, all[8]?.id].entries()) {
    await worker.query(
      `insert into countersign.attempt
         (change_id, ordinal, target, activity_id, activity_attempt, started_at, ended_at, outcome, request_id)
       values ($1, 1, 't', 'r/1', 1, now(), now(), 'failed', $2)`,
      [changeId, `R-${7 + n}`],
    );
  }
  all.sort(newestFirst);
});

afterAll(async () => {
  await Promise.all([api.end(), worker.end()]);
  await database.drop();
});

async function pages(filter: ChangeFilter, limit: number): Promise<Change[][]> {
  const read: Change[][] = [];
  let cursor: string | null = null;
  do {
    const page = await listChanges(api, filter, cursor, limit);
    read.push(page.changes);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return read;
}

const security = {
  now: start,
  issuer: 'https://id.example',
  subject: 'bob',
  groups: ['security'],
  directory: [],
};
const filters: [string, ChangeFilter, (c: Change) => boolean][] = [
  ['none', {}, () => true],
  ['decisionStatus', { decisionStatus: 'approved' }, (c) => c.decisionStatus === 'approved'],
  ['executionStatus', { executionStatus: 'succeeded' }, (c) => c.executionStatus === 'succeeded'],
  ['reviewStatus', { reviewStatus: 'owed' }, (c) => c.reviewStatus === 'owed'],
  ['operation', { operation: 'Other' }, (c) => c.operation === 'Other'],
  ['scope', { scope: { sn: 'sn-3' } }, (c) => c.target.scope['sn'] === 'sn-3'],
  [
    'scope, two members',
    { scope: { mqttInstanceId: 'post-1', sn: 'sn-3' } },
    ({ target: { scope } }) => scope['mqttInstanceId'] === 'post-1' && scope['sn'] === 'sn-3',
  ],
  ['requester', { requester: { subject: 'erin' } }, (c) => c.requester.subject === 'erin'],
  [
    'requester of one issuer',
    { requester: { subject: 'erin', issuer: 'https://id-1.example' } },
    (c) => c.requester.subject === 'erin' && c.requester.issuer === 'https://id-1.example',
  ],
  ['ticket', { ticket: 'T-6' }, (c) => c.ticket?.id === 'T-6'],
  [
    'visibleTo',
    { visibleTo: { subject: 'grace', issuer: 'https://id-0.example' } },
    (c) => c.requester.subject === 'grace' && c.requester.issuer === 'https://id-0.example',
  ],
  ['submitted from', { submittedFrom: isoTime(start + 5) }, (c) => c.submittedAt >= isoTime(start + 5)],
  ['submitted to', { submittedTo: isoTime(start + 5) }, (c) => c.submittedAt < isoTime(start + 5)],
  ['requestId', { requestId: 'R-7' }, (c) => c.id === called],
  [
    'decidedBy, whether or not it counts',
    { decidedBy: { issuer: 'https://id.example', subject: 'bob' } },
    (c) => c.decisions.length > 0,
  ],
  [
    'several',
    {
      decisionStatus: 'pending',
      scope: { sn: 'sn-1' },
      requester: { subject: 'erin' },
      visibleTo: undefined,
    },
    (c) =>
      c.decisionStatus === 'pending' && c.target.scope['sn'] === 'sn-1' && c.requester.subject === 'erin',
  ],
  [
    'awaitingPerson, in a group',
    { awaitingPerson: security },
    (c) => decidable(c) && !c.decisions.some((d) => d.counts),
  ],
  [
    'awaitingPerson, in no group',
    { awaitingPerson: { ...security, groups: [] } },
    (c) => decidable(c) && !c.decisions.some((d) => d.counts) && c.missing[0]?.group === null,
  ],
  [
    'awaitingPerson, a requester',
    {
      awaitingPerson: { ...security, issuer: 'https://id-1.example', subject: 'erin' },
    },
    (c) => decidable(c) && !(c.requester.subject === 'erin' && c.requester.issuer === 'https://id-1.example'),
  ],
];

test.each(filters)('filter %s: exactly the changes meant, newest first', async (_, filter, meant) => {
  const expected = all.filter(meant).map(({ id }) => id);
  expect(expected.length).toBeGreaterThan(0);
  expect(expected.length === all.length).toBe(Object.keys(filter).length === 0);
  const read = await pages(filter, 7);
  expect(read.flat().map(({ id }) => id)).toEqual(expected);
  expect(read.slice(0, -1).every((page) => page.length === 7)).toBe(true);
});

test('a page as long as the list is the last one', async () => {
  expect((await pages({}, 60)).map((page) => page.length)).toEqual([60]);
  expect((await pages({}, 20)).map((page) => page.length)).toEqual([20, 20, 20]);
  expect(await pages({ scope: { sn: 'no such' } }, 20)).toEqual([[]]);
});

test('changes submitted meanwhile neither repeat nor hide any', async () => {
  const first = await listChanges(api, { operation: 'Third' }, null, 1);
  expect(first).toEqual({ changes: [], nextCursor: null });
  const third = Array.from({ length: 6 }, (_, n) =>
    change({ operation: 'Third', submittedAt: new Date(start + n).toISOString() }),
  ).reverse();
  for (const one of third) await saveChange(worker, one);
  const page = await listChanges(api, { operation: 'Third' }, null, 3);
  await saveChange(worker, change({ operation: 'Third', submittedAt: new Date(start + 100).toISOString() }));
  const rest = await listChanges(api, { operation: 'Third' }, page.nextCursor, 3);
  expect([...page.changes, ...rest.changes].map(({ id }) => id)).toEqual(third.map(({ id }) => id));
});

test.each(['', 'x', Buffer.from('2026-11-01T00:00:00.000Z').toString('base64url')])(
  'a cursor that is none is refused: %s',
  async (cursor) => {
    await expect(listChanges(api, {}, cursor, 1)).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'cursor', rule: 'cursor' }],
    });
  },
);

test('among 20,000 changes every filter reads a few blocks by an index', async () => {
  const superuser = makePool({ connectionString: database.url('superuser'), applicationName: 'test' });
  try {
    await superuser.query(
      `insert into countersign.change (id, version, document, submitted_at)
       select i.id, 1,
              jsonb_set(jsonb_set(jsonb_set(jsonb_set($1::jsonb, '{id}', to_jsonb(i.id::text)),
                '{target,scope}', jsonb_build_object('sn', 'many-' || n % 2000, 'mqttInstanceId', 'many-' || n % 50)),
                '{requester,subject}', to_jsonb('many-' || n % 500)),
                '{ticket}', jsonb_build_object('id', 'many-' || n)),
              '2026-01-01'::timestamptz + n * interval '1 second'
         from generate_series(1, 20000) n, lateral (select gen_random_uuid() as id, n as of) i`,
      [JSON.stringify(change({ decisionStatus: 'approved', executionStatus: 'succeeded' }))],
    );
    await superuser.query(
      `insert into countersign.attempt
         (change_id, ordinal, target, activity_id, activity_attempt, started_at, ended_at, outcome, request_id)
       select id, 1, target, 'r/1', 1, submitted_at, submitted_at, 'failed', ticket
         from countersign.change where ticket like 'many-%'`,
    );
    await superuser.query('analyze countersign.change, countersign.attempt');
  } finally {
    await superuser.end();
  }
  const { changes, nextCursor } = await listChanges(api, { scope: { mqttInstanceId: 'many-7' } }, null, 10);
  expect(changes).toHaveLength(10);
  const rare: ChangeFilter[] = [
    {},
    { decisionStatus: 'pending' },
    { decisionStatus: 'approved' },
    { executionStatus: 'not_started' },
    { operation: 'Other' },
    { scope: { sn: 'many-7' } },
    { scope: { mqttInstanceId: 'many-7' } },
    { scope: { mqttInstanceId: 'many-7', sn: 'many-7' } },
    { scope: { mqttInstanceId: 'none' } },
    { requester: { subject: 'many-7' } },
    { ticket: 'many-7' },
    { visibleTo: { subject: 'many-7', issuer: 'https://id.example' } },
    { awaitingPerson: security },
    { submittedFrom: '2026-01-01T05:00:00.000Z', submittedTo: '2026-01-01T05:01:00.000Z' },
    { submittedTo: '2026-01-01T00:01:00.000Z' },
    { requestId: 'R-7' },
    { requestId: 'many-7' },
    { decidedBy: security },
    { decidedBy: { issuer: 'https://id.example', subject: 'nobody' } },
    { decidedBy: security, submittedFrom: '2026-01-01T05:00:00.000Z' },
  ];
  for (const filter of rare) {
    for (const cursor of [null, nextCursor]) {
      const { sql, parameters } = listChangesQuery(filter, cursor, 20);
      const { rows } = await api.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `explain (analyze, buffers, format json) ${sql}`,
        [...parameters],
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan;
      const text = JSON.stringify({ filter, plan });
      expect(text).not.toContain('Seq Scan');
      expect(text).toMatch(/"Index Name":"(change|attempt)_/);
      // The table has some thousand blocks. Of a scope's members no index gives the order: one change in 50 matches here.
      const blocks = (plan?.['Shared Hit Blocks'] ?? NaN) + (plan?.['Shared Read Blocks'] ?? NaN);
      expect(blocks, text).toBeLessThan(filter.scope ? 400 : 200);
    }
  }
  expect(await listChanges(api, { scope: { sn: randomUUID() } }, nextCursor, 20)).toEqual({
    changes: [],
    nextCursor: null,
  });
});
