import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendEntry } from '../../../audit/append.ts';
import { ticketLinked } from '../../../domain/ticket-entries.ts';
import { insertSubscription } from '../../../store/insert-subscription.ts';
import { insertSubscriptionSecret } from '../../../store/insert-subscription-secret.ts';
import { leaseRows } from '../../../tickets/outbox/lease-rows.ts';
import { listReceivers } from '../../../tickets/outbox/list-receivers.ts';
import { pauseSubscription } from '../../../tickets/outbox/pause-subscription.ts';
import { readHistory } from '../../../tickets/outbox/read-history.ts';
import { recordDelivered, recordFailed } from '../../../tickets/outbox/record-outcome.ts';
import { saveMemory } from '../../../tickets/outbox/save-memory.ts';
import { spreadEntries } from '../../../tickets/outbox/spread-entries.ts';
import { inTransaction } from '../../../store/in-transaction.ts';
import { replayDeadLetters } from '../../../store/replay-dead-letters.ts';
import type { Delivery } from '../../../tickets/sink.ts';
import { keepFileSubscriptions } from '../../../tickets/outbox/keep-file-subscriptions.ts';
import { startOutboxTestbed, until } from './outbox-testbed.ts';
import type { OutboxTestbed, Told } from './outbox-testbed.ts';

let testbed: OutboxTestbed;
beforeAll(async () => {
  testbed = await startOutboxTestbed();
});
afterAll(() => testbed.stop());

const at = (minute: number) => new Date(Date.UTC(2027, 0, 1, 0, minute)).toISOString();
const admin = { issuer: 'https://id.example', subject: 'adam', name: 'Adam' };

test('whoever has lost a lease records nothing any more, and keeps nothing', async () => {
  const db = testbed.pool('deliverer');
  await testbed.subscribe({ name: 'fenced' });
  const [change] = (await testbed.ask(1)) as [Told];
  await spreadEntries(db, 500, at(0));
  const lease = (minute: number) =>
    leaseRows(db, new Map([['fenced', 5]]), { at: at(minute), until: at(minute + 2) });
  const [first] = await lease(0);
  expect(first).toMatchObject({ changeId: change.id, attempts: 0, memory: null });
  expect(await lease(1)).toEqual([]);
  const [second] = await lease(3);
  if (!first || !second) throw new Error('nothing was taken');
  expect(await recordDelivered(db, [{ row: first, lastIndex: first.wantedIndex, at: at(3) }])).toEqual([
    false,
  ]);
  expect(await recordFailed(db, first, { error: 'x', at: at(3), nextAt: null })).toBe(false);
  await expect(saveMemory(db, first, { late: true })).rejects.toThrow('another process');
  await saveMemory(db, second, { in: 'time' });
  expect(await recordDelivered(db, [{ row: second, lastIndex: second.wantedIndex, at: at(3) }])).toEqual([
    true,
  ]);
  expect(await lease(10)).toEqual([]);
});

test('entries are spread once, whoever does it, and a place is taken by one at a time', async () => {
  const db = testbed.pool('deliverer');
  await testbed.subscribe({ name: 'fenced' }, { name: 'spread' });
  await testbed.ask(30);
  const passed = await Promise.all(Array.from({ length: 6 }, () => spreadEntries(db, 7, at(0))));
  let total = passed.reduce((sum, n) => sum + n, 0);
  for (let n = 1; n > 0; total += n) n = await spreadEntries(db, 7, at(0));
  expect(total).toBe(30);
  const { rows } = await db.query(
    `select count(*)::int as n from countersign.outbox where subscription = 'spread'`,
  );
  expect(rows).toEqual([{ n: 30 }]);
});

test('a row that waits keeps its place when more comes, and one that is taken is not taken again', async () => {
  const db = testbed.pool('deliverer');
  await testbed.subscribe({ name: 'more' });
  const [change] = (await testbed.ask(1)) as [Told];
  await spreadEntries(db, 500, at(0));
  const [row] = await leaseRows(db, new Map([['more', 5]]), { at: at(0), until: at(2) });
  if (!row) throw new Error('nothing was taken');
  await testbed.add([change]);
  await spreadEntries(db, 500, at(1));
  expect(await leaseRows(db, new Map([['more', 5]]), { at: at(1), until: at(3) })).toEqual([]);
  await recordDelivered(db, [{ row, lastIndex: row.wantedIndex, at: at(1) }]);
  const [rest] = await leaseRows(db, new Map([['more', 5]]), { at: at(1), until: at(3) });
  expect(rest).toMatchObject({ changeId: change.id, lastIndex: row.wantedIndex });
});

test('what an admin makes can be read whole by the deliverer alone; two secrets sign for a day', async () => {
  const api = testbed.pool('api');
  const made = {
    name: 'by-admin',
    target: { kind: 'webhook', host: 'hooks.example', form: 'cloudevents' } as const,
    filter: {},
    createdBy: admin,
    createdAt: at(0),
  };
  const url = 'https://hooks.example/secret';
  expect(await insertSubscription(api, made, url)).toBe(true);
  expect(await insertSubscription(api, made, url)).toBe(false);
  await insertSubscriptionSecret(api, 'by-admin', 'whsec_old', at(0));
  const secretsAt = async (time: string) =>
    (await listReceivers(testbed.pool('deliverer'), time)).find(({ name }) => name === 'by-admin');
  expect(await secretsAt(at(1))).toMatchObject({ url, secrets: ['whsec_old'] });
  await insertSubscriptionSecret(api, 'by-admin', 'whsec_new', at(10));
  expect((await secretsAt(at(11)))?.secrets).toEqual(['whsec_new', 'whsec_old']);
  expect((await secretsAt(at(10 + 24 * 60)))?.secrets).toEqual(['whsec_new']);
  for (const role of ['api', 'reader', 'worker', 'signer'] as const) {
    for (const sql of [
      'select url from countersign.subscription',
      'select secret from countersign.subscription_secret',
    ]) {
      await expect(testbed.pool(role).query(sql)).rejects.toMatchObject({ code: '42501' });
    }
  }
});

test('entries that come while a subscription is being made are for it', async () => {
  const [api, db] = [testbed.pool('api'), testbed.pool('deliverer')];
  const made = {
    name: 'made-late',
    target: { kind: 'webhook', host: 'hooks.example', form: 'countersign' } as const,
    filter: {},
    createdBy: admin,
    createdAt: at(0),
  };
  const life = { isSpread: false };
  const { spread, change } = await inTransaction(api, async (client) => {
    await insertSubscription(client, made, 'https://hooks.example/');
    const [change] = (await testbed.ask(1)) as [Told];
    const spread = spreadEntries(db, 500, at(0)).finally(() => (life.isSpread = true));
    await until(async () => {
      const { rows } = await testbed.pool('reader').query(
        `select from pg_locks where locktype = 'advisory' and not granted
              and database = (select oid from pg_database where datname = current_database())`,
      );
      return life.isSpread || rows.length > 0;
    });
    return { spread, change };
  });
  await spread;
  for (let n = 1; n > 0;) n = await spreadEntries(db, 500, at(0));
  expect(await testbed.row('made-late', change.id)).not.toBeNull();
});

test('what is kept of a change is forgotten when the subscription has another receiver', async () => {
  const db = testbed.pool('deliverer');
  const keep = (system: string) =>
    keepFileSubscriptions(db, [{ name: 'tickets', target: { kind: 'system', system }, filter: {} }], at(0));
  await keep('one');
  await testbed.ask(1);
  for (let n = 1; n > 0;) n = await spreadEntries(db, 500, at(0));
  const lease = async (minute: number) =>
    (await leaseRows(db, new Map([['tickets', 5]]), { at: at(minute), until: at(minute + 2) }))[0];
  const first = await lease(0);
  if (!first) throw new Error('nothing was taken');
  await saveMemory(db, first, { ticket: '1' });
  await keep('one');
  await saveMemory(db, first, { ticket: '2' });
  await keep('two');
  await expect(saveMemory(db, first, { ticket: '3' })).rejects.toThrow('another process');
  expect(await lease(3)).toMatchObject({ changeId: first.changeId, memory: null });
});

test('what became of a ticket is told to others, and not to its own system', async () => {
  const db = testbed.pool('deliverer');
  const system = (name: string) => ({ name, target: { kind: 'system', system: name } as const, filter: {} });
  await keepFileSubscriptions(db, [system('jira'), system('slack')], at(0));
  const spread = async () => {
    for (let n = 1; n > 0;) n = await spreadEntries(db, 500, at(0));
  };
  const [change] = (await testbed.ask(1)) as [Told];
  await spread();
  const requested = (await testbed.row('jira', change.id))?.wantedIndex ?? 0;
  const place = { namespace: 'default', of: `change-${change.id}` };
  const linked = { system: 'jira', id: '1', key: 'OPS-1', url: null, isMade: true };
  await appendEntry(db, ticketLinked(place, change.change, linked, at(0)));
  await testbed.add([]);
  await spread();
  expect(await testbed.row('jira', change.id)).toMatchObject({ wantedIndex: requested });
  expect(await testbed.row('slack', change.id)).toMatchObject({ wantedIndex: requested + 1 });
  // Nor with what comes after it.
  await testbed.add([change]);
  const told: string[] = [];
  const sink = {
    deliver: ({ entries }: Delivery) => {
      told.push(...entries.map(({ body }) => body.type));
      return Promise.resolve(entries.length);
    },
  };
  const running = testbed.deliver({ jira: sink }, { now: () => Date.parse(at(1)) });
  await until(() => told.includes('attempt.started'));
  await running.stop();
  expect(told).toEqual(['change.requested', 'attempt.started']);
});

test('a replay ends the pause that a receiver has asked for, where there is something to replay', async () => {
  const db = testbed.pool('deliverer');
  await testbed.subscribe({ name: 'paused' });
  const [change] = (await testbed.ask(1)) as [Told];
  for (let n = 1; n > 0;) n = await spreadEntries(db, 500, at(0));
  await pauseSubscription(db, 'paused', at(60));
  // A shorter one does not end it.
  await pauseSubscription(db, 'paused', at(30));
  const lease = (minute: number) =>
    leaseRows(db, new Map([['paused', 5]]), { at: at(minute), until: at(minute + 2) });
  expect(await lease(59)).toEqual([]);
  const replay = () => replayDeadLetters(testbed.pool('api'), 'paused', { changeId: change.id }, at(1));
  expect(await replay()).toBe(0);
  expect(await lease(1)).toEqual([]);
  const [row] = await lease(60);
  if (!row) throw new Error('nothing was taken');
  await recordFailed(db, row, { error: 'x', at: at(60), nextAt: null });
  await pauseSubscription(db, 'paused', at(120));
  expect(await replay()).toBe(1);
  expect(await lease(61)).toMatchObject([{ changeId: change.id }]);
});

test('of a change is read what moves it, and no more of the rest than is to be delivered', async () => {
  const [change] = (await testbed.ask(1)) as [Told];
  for (let n = 0; n < 5; n++) await testbed.add([change], 'ticket.checked');
  await testbed.add([change]);
  const { rows } = await testbed.pool('reader').query<{ index: number }>(
    `select l.index::int as index from audit.leaf l join audit.entry e on e.id = l.entry_id
        where e.change_id = $1 order by l.index`,
    [change.id],
  );
  const all = rows.map(({ index }) => index);
  const [requested = 0, , second = 0, third = 0, fourth = 0] = all;
  const attempt = all.at(-1) ?? 0;
  const read = async (lastIndex: number, most: number) => {
    const place = { changeId: change.id, lastIndex, wantedIndex: attempt };
    const { entries, upTo } = await readHistory(testbed.pool('deliverer'), place, most);
    return { indexes: entries.map(({ index }) => index), upTo };
  };
  expect(await read(requested - 1, 20)).toEqual({ indexes: all, upTo: attempt });
  expect(await read(attempt - 1, 20)).toEqual({ indexes: [requested, attempt], upTo: attempt });
  // Cut off where more waits than fits, so that nothing after it counts as delivered.
  expect(await read(second, 2)).toEqual({ indexes: [requested, third, fourth], upTo: fourth });
});

test('nobody turns what an admin has made into something else, and the API says nothing of what was delivered', async () => {
  await expect(
    testbed
      .pool('deliverer')
      .query(`update countersign.subscription set filter = '{"types":["x"]}' where name = 'by-admin'`),
  ).rejects.toMatchObject({ code: 'CS004' });
  for (const sql of [
    `update countersign.subscription set filter = '{}'`,
    'update countersign.outbox set last_index = wanted_index',
    `update countersign.outbox set memory = '{}'`,
    'delete from countersign.outbox',
    'update countersign.outbox_cursor set next_index = 0',
  ]) {
    await expect(testbed.pool('api').query(sql)).rejects.toMatchObject({ code: '42501' });
  }
  for (const sql of [
    `insert into countersign.subscription_secret (subscription, secret, created_at) values ('by-admin', 'whsec_x', now())`,
    `insert into countersign.subscription (name, source, target, filter, from_index, created_at, created_by, url)
     values ('forged', 'api', '{}', '{}', 0, now(), '{}', 'https://hooks.example/')`,
    'delete from countersign.subscription',
    'update countersign.change set version = 1',
    'select * from countersign.api_token',
  ]) {
    await expect(testbed.pool('deliverer').query(sql)).rejects.toMatchObject({ code: '42501' });
  }
});

test('a subscription that the file has no more is disabled, keeps what it knows, and comes back', async () => {
  const state = async () => {
    const { rows } = await testbed
      .pool('reader')
      .query(`select state, disabled_reason as why from countersign.subscription where name = 'spread'`);
    return rows[0] as unknown;
  };
  await testbed.subscribe({ name: 'fenced' });
  expect(await state()).toEqual({ state: 'disabled', why: 'it is not in the file' });
  await testbed.subscribe({ name: 'fenced' }, { name: 'spread' });
  expect(await state()).toEqual({ state: 'active', why: null });
  await expect(testbed.subscribe({ name: 'by-admin' })).rejects.toMatchObject({
    code: 'invalid_configuration',
  });
});
