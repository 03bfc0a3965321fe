import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeEnd } from '../../activities/write-end.ts';
import { workflowIdOf } from '../../domain/change.ts';
import type { Change } from '../../domain/change.ts';
import { workerActor } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Person } from '../../domain/person.ts';
import { findBreakGlass } from '../../store/find-break-glass.ts';
import { getChange } from '../../store/get-change.ts';
import { getChangeByKey } from '../../store/get-change-by-key.ts';
import { getOpenChange } from '../../store/get-open-change.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { openChange } from '../../store/open-change.ts';
import type { OpenResult } from '../../store/open-change.ts';
import { makePool } from '../../store/pool.ts';
import { releaseBreakGlass } from '../../store/release-break-glass.ts';
import { releaseTarget } from '../../store/release-target.ts';
import { saveChange } from '../../store/save-change.ts';
import { takeOpenTicket } from '../../store/take-open-ticket.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { change, person } from './change-fixture.ts';
import { targetOf } from '../support/target.ts';
import { ticketRule } from '../support/ticket.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = makePool({ connectionString: database.url('worker'), applicationName: 'test', max: 20 });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

function open(wanted: Change, key: string | null = null, bodyDigest = 'a'): Promise<OpenResult> {
  const idempotency = key === null ? null : { key, bodyDigest };
  return inTransaction(pool, (client) => openChange(client, { change: wanted, idempotency }));
}

/** Ends a change with these statuses. */
async function endAs(open: Change, statuses: Partial<Change>): Promise<void> {
  const { decisionStatus = open.decisionStatus, executionStatus = open.executionStatus } = statuses;
  if (statuses.reviewStatus) await saveChange(pool, { ...open, ...statuses, version: 2 });
  const time = '2026-11-24T10:00:00.000Z';
  const outcome = { code: 'c', message: '', requestId: null, reconciled: false, at: time };
  const event = {
    type: 'change.closed',
    time,
    actor: workerActor,
    decisionStatus,
    executionStatus,
    outcome,
  } as const;
  const writer = { namespace: 'test', workflowId: workflowIdOf(open.id) };
  await writeEnd(pool, open.id, writer, () => [{ ordinal: 1, event }]);
}

async function idOfKey(key: string): Promise<string | undefined> {
  const { issuer, subject } = person('alice');
  return (await getChangeByKey(pool, { issuer, subject, key }))?.change.id;
}

test('a change is opened with its key and its target, and again it is the same', async () => {
  const wanted = change();
  const key = randomUUID();
  expect(await open(wanted, key)).toEqual({ kind: 'opened' });
  expect(await open(wanted, key)).toEqual({ kind: 'opened' });
  expect(await getChange(pool, wanted.id)).toEqual(wanted);
  expect(await idOfKey(key)).toBe(wanted.id);
  expect(await getOpenChange(pool, wanted.target.id)).toBe(wanted.id);
});

test('the same key is the first change with the same body, and refused with another', async () => {
  const first = change();
  const key = randomUUID();
  await open(first, key, 'a');
  expect(await open(change(), key, 'a')).toEqual({ kind: 'known', changeId: first.id });
  // Also when the repeated request is for the same, still open target.
  expect(await open(change({ target: first.target }), key, 'a')).toEqual({
    kind: 'known',
    changeId: first.id,
  });
  expect(await open(change(), key, 'b')).toEqual({ kind: 'key_reused', changeId: first.id });
  const other = change({ requester: person('erin') });
  expect(await open(other, key, 'b')).toEqual({ kind: 'opened' });
});

test('a taken target leaves nothing of the second request, and its key unused', async () => {
  const first = change();
  const key = randomUUID();
  await open(first);
  const second = change({ target: first.target });
  expect(await open(second, key)).toEqual({ kind: 'target_taken', changeId: first.id });
  expect(await getChange(pool, second.id)).toBeNull();
  expect(await idOfKey(key)).toBeUndefined();
  expect(await releaseTarget(pool, first.id)).toBe(true);
  expect(await releaseTarget(pool, first.id)).toBe(false);
  expect(await open(second, key)).toEqual({ kind: 'opened' });
});

test('a target has one open change, whatever its operation', async () => {
  const first = change();
  await open(first);
  const other = change({
    operation: 'InactivateCaCertificate',
    target: { ...first.target, label: 'the same' },
  });
  expect(await open(other)).toEqual({ kind: 'target_taken', changeId: first.id });
  await releaseTarget(pool, first.id);
  expect(await open(other)).toEqual({ kind: 'opened' });
});

test('a ticket has one open change, where the policy asks for one, by each of its names', async () => {
  const ticket = { system: 'jira', id: 'OPS-1', url: null };
  const ticketed = (more: Partial<Change> = {}) =>
    change({ policy: { ...fourEyes, ticket: ticketRule() }, ticket, ...more });
  const first = ticketed();
  expect(await open(first)).toEqual({ kind: 'opened' });
  const second = ticketed();
  expect(await open(second)).toEqual({ kind: 'ticket_taken', changeId: first.id });
  expect(await getChange(pool, second.id)).toBeNull();
  expect(await getOpenChange(pool, second.target.id)).toBeNull();
  // The same name in another system is another ticket; where no policy asks for a ticket, its name is mere text.
  expect(await open(ticketed({ ticket: { ...ticket, system: 'snow' } }))).toEqual({ kind: 'opened' });
  expect(await open(change({ ticket }))).toEqual({ kind: 'opened' });
  const byId = { system: 'jira', ticket: '10001', changeId: first.id };
  expect(await takeOpenTicket(pool, byId)).toBeNull();
  expect(await takeOpenTicket(pool, byId)).toBeNull();
  expect(await takeOpenTicket(pool, { ...byId, changeId: randomUUID() })).toBe(first.id);
  expect(await open(ticketed({ ticket: { ...ticket, id: '10001' } }))).toEqual({
    kind: 'ticket_taken',
    changeId: first.id,
  });
  await releaseTarget(pool, first.id);
  expect(await open(second)).toEqual({ kind: 'opened' });
  expect(await open(ticketed({ ticket: { ...ticket, id: '10001' } }))).toEqual({ kind: 'opened' });
});

test('opened again after its end, a change does not take its target back', async () => {
  const wanted = change();
  await open(wanted);
  await saveChange(pool, { ...wanted, version: 2, closedAt: '2026-11-24T10:00:00.000Z' });
  await releaseTarget(pool, wanted.id);
  expect(await open(wanted)).toEqual({ kind: 'opened' });
  expect(await getOpenChange(pool, wanted.target.id)).toBeNull();
  expect((await getChange(pool, wanted.id))?.version).toBe(2);
});

test('of many at once with one key, one opens and the rest are told of it', async () => {
  const key = randomUUID();
  const wanted = Array.from({ length: 16 }, () => change());
  const results = await Promise.all(wanted.map((c) => open(c, key)));
  const winner = await idOfKey(key);
  expect(results.filter((r) => r.kind === 'opened')).toHaveLength(1);
  expect(results[wanted.findIndex((c) => c.id === winner)]).toEqual({ kind: 'opened' });
  expect(results.filter((r) => r.kind === 'known' && r.changeId === winner)).toHaveLength(15);
});

test('of many at once on one target, one opens and the rest are told of it', async () => {
  const target = targetOf(`cn-hangzhou/post-cn-1/${randomUUID()}`);
  const wanted = Array.from({ length: 16 }, () => change({ target }));
  const results = await Promise.all(wanted.map((c) => open(c, randomUUID())));
  const winner = await getOpenChange(pool, target.id);
  expect(results.filter((r) => r.kind === 'opened')).toHaveLength(1);
  expect(results.filter((r) => r.kind === 'target_taken' && r.changeId === winner)).toHaveLength(15);
});

const glass = (by: Person, more: Partial<Change> = {}) =>
  change({ requester: by, breakGlass: true, ...more });

test('of many break-glass changes of one person at once, one opens and the rest are told of it', async () => {
  const ivan = person(`ivan-${randomUUID()}`);
  const wanted = Array.from({ length: 16 }, () => glass(ivan));
  const results = await Promise.all(wanted.map((c) => open(c, randomUUID())));
  const winner = wanted[results.findIndex((r) => r.kind === 'opened')];
  expect(results.filter((r) => r.kind === 'opened')).toHaveLength(1);
  expect(results.filter((r) => r.kind === 'review_owed' && r.changeId === winner?.id)).toHaveLength(15);
  for (const lost of wanted.filter((c) => c !== winner)) {
    expect(await getChange(pool, lost.id)).toBeNull();
    expect(await getOpenChange(pool, lost.target.id)).toBeNull();
  }
  // The same again is the same; others, and the same person without breaking it, are not concerned.
  expect(await open(winner as Change)).toEqual({ kind: 'opened' });
  expect(await open(change({ requester: ivan }))).toEqual({ kind: 'opened' });
  expect(await open(glass(person(`judy-${randomUUID()}`)))).toEqual({ kind: 'opened' });
});

test('a machine’s break-glass change counts as that of whoever issued its token', async () => {
  const ivan = person(`ivan-${randomUUID()}`);
  const machine = (n: number) => ({
    ...person(`token-${n}-${randomUUID()}`),
    issuedBy: { issuer: ivan.issuer, subject: ivan.subject },
  });
  const first = glass(machine(1));
  expect(await open(first)).toEqual({ kind: 'opened' });
  for (const by of [machine(2), ivan]) {
    expect(await open(glass(by))).toEqual({ kind: 'review_owed', changeId: first.id });
  }
});

test.each<[string, Partial<Change>, boolean]>([
  ['pending', {}, false],
  ['ended without a call', { decisionStatus: 'withdrawn' }, true],
  ['approved and ended without a call', { decisionStatus: 'approved', executionStatus: 'cancelled' }, true],
  ['called', { decisionStatus: 'approved', executionStatus: 'succeeded', reviewStatus: 'owed' }, false],
])('a break-glass change that is %s: another is opened: %s', async (_name, ended, expected) => {
  const ivan = person(`ivan-${randomUUID()}`);
  const first = glass(ivan);
  await open(first);
  if (Object.keys(ended).length > 0) {
    await endAs(first, ended);
  }
  const second = glass(ivan);
  expect((await open(second)).kind).toBe(expected ? 'opened' : 'review_owed');
  expect(await findBreakGlass(pool, ivan)).toBe(expected ? second.id : first.id);
});

test('a break-glass change waits for the review that is being signed', async () => {
  const ivan = person(`ivan-${randomUUID()}`);
  const first = glass(ivan);
  await open(first);
  let racing: Promise<OpenResult> | undefined;
  await inTransaction(pool, async (client) => {
    await releaseBreakGlass(client, first.id);
    racing = open(glass(ivan));
    await waitsForLock();
  });
  expect(await racing).toEqual({ kind: 'opened' });
});

test('the loser waits for the winner, and takes over when the winner rolls back', async () => {
  const first = change();
  const second = change({ target: first.target });
  let racing: Promise<OpenResult> | undefined;
  await expect(
    inTransaction(pool, async (client) => {
      await openChange(client, { change: first, idempotency: null });
      racing = open(second);
      await waitsForLock();
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  expect(await racing).toEqual({ kind: 'opened' });
  expect(await getOpenChange(pool, first.target.id)).toBe(second.id);
});

async function waitsForLock(): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `select from pg_locks l join pg_database d on d.datname = current_database()
        where not l.granted and l.locktype = 'transactionid'`,
    );
    if (rowCount !== null && rowCount > 0) return;
  }
}
